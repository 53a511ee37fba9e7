//! A proof is written and shown only if it is about the requested subject.

use std::fs;

use chain::leaf::Leaf;
use chain::{Hash, Header, Transaction, Verdict, log};
use proto::ledger::v1::{GetInclusionProofResponse, InclusionProof};
use tempfile::tempdir;

use crate::stage::Stage;
use crate::world::{Lies, World};
use cli::fixture::{self, Evidence};

/// A good proof, of another leaf or against another block.
fn swapped(nonce: u64, height: usize) -> Lies {
    let stage = Stage::new("stage");
    let proof = Evidence::new(&stage.grown).inclusion(stage.leaf(nonce), height);
    Lies::default().about(
        "GetInclusionProof",
        move |reply: &mut GetInclusionProofResponse| {
            reply.proof = Some(proof.clone());
        },
    )
}

#[test]
fn what_was_asked_for_is_proven_and_named() {
    let (folder, world) = (tempdir().expect("a folder"), World::honest());
    let (id, tip) = (world.stage.id(2), world.stage.hash(2));
    let leaf = format!("leaf:{}", world.stage.leaf(2));
    for subject in [&id, &world.stage.position(2), &leaf] {
        let got = world.run_in(folder.path(), &["proof", "get", subject, "-o", "p"]);
        got.succeeds(&["proven", &id, "the ledger itself gave", "--tip"]);
        let words = ["proof", "get", subject, "-o", "p", "--tip", &tip];
        let pinned = world.run_in(folder.path(), &words);
        pinned.succeeds(&["proven", &id, &format!("block 2 {tip}")]);
        assert!(
            !pinned.out.contains("the ledger itself gave"),
            "{}",
            pinned.out
        );
        let verify = ["proof", "verify", "p", "--tip", &tip, "--expect", subject];
        world
            .run_in(folder.path(), &verify)
            .succeeds(&["proven", &id]);
    }
    let other = world.stage.id(1);
    let verify = ["proof", "verify", "p", "--tip", &tip, "--expect", &other];
    let ended = world.run_in(folder.path(), &verify);
    ended.fails(6, &["OTHER_SUBJECT", &other]);
    assert!(ended.out.is_empty(), "{}", ended.out);
}

#[test]
fn the_proof_of_something_else_is_neither_written_nor_told() {
    let lying = World::lying(swapped(3, 3));
    let leaf = format!("leaf:{}", lying.stage.leaf(2));
    for subject in [&lying.stage.id(2), &lying.stage.position(2), &leaf] {
        for output in ["human", "json"] {
            let folder = tempdir().expect("a folder");
            let words = ["proof", "get", subject, "-o", "p", "--output", output];
            let ended = lying.run_in(folder.path(), &words);
            ended.fails(6, &["OTHER_SUBJECT"]);
            assert!(ended.out.is_empty(), "{}", ended.out);
            assert!(!folder.path().join("p").exists(), "no file is written");
        }
    }
}

#[test]
fn the_proof_against_another_block_is_neither_written_nor_told() {
    let lying = World::lying(swapped(2, 3));
    let (id, tip) = (lying.stage.id(2), lying.stage.hash(2));
    for against in [["--at-height", "2"], ["--tip", &tip]] {
        let folder = tempdir().expect("a folder");
        let mut words = vec!["proof", "get", &id, "-o", "p"];
        words.extend(against);
        let ended = lying.run_in(folder.path(), &words);
        ended.fails(6, &["OTHER_"]);
        assert!(ended.out.is_empty(), "{}", ended.out);
        assert!(!folder.path().join("p").exists(), "no file is written");
    }
}

#[test]
fn a_proof_that_does_not_hold_leaves_an_older_file() {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("p"), "older").expect("it is written");
    let lies = Lies::default().about(
        "GetInclusionProof",
        |reply: &mut GetInclusionProofResponse| {
            reply.proof.as_mut().expect("a proof").path.swap(0, 1);
        },
    );
    let lying = World::lying(lies);
    let words = ["proof", "get", &lying.stage.id(2), "-o", "p"];
    lying.run_in(folder.path(), &words).fails(6, &["BAD_PATH"]);
    let left = fs::read_to_string(folder.path().join("p")).expect("it is there");
    assert_eq!(left, "older");
}

#[test]
fn a_transaction_on_another_chain_does_not_have_the_id() {
    let lies = Lies::default().about(
        "GetInclusionProof",
        |reply: &mut GetInclusionProofResponse| {
            reply.proof.as_mut().expect("a proof").chain_id = "ab".repeat(32);
        },
    );
    let (folder, lying) = (tempdir().expect("a folder"), World::lying(lies));
    let words = ["proof", "get", &lying.stage.id(2), "-o", "p"];
    lying
        .run_in(folder.path(), &words)
        .fails(6, &["OTHER_SUBJECT"]);
    // A proof of a position does not prove the chain, and the output says so.
    let words = ["proof", "get", &lying.stage.position(2), "-o", "p"];
    lying
        .run_in(folder.path(), &words)
        .succeeds(&["that the chain is abab"]);
}

#[test]
fn the_hash_of_a_record_that_was_too_large_is_no_transaction() {
    // 32 bytes invented by a ledger: its alleged hash also decodes as a payment.
    let payment = (0..32)
        .map(|letters| Transaction {
            memo: "x".repeat(letters),
            ..fixture::payment("alice", 5, 1)
        })
        .find(|payment| payment.encode().len() == 32);
    let encoded = payment.expect("one is as long as a hash").encode();
    let leaf = Leaf::Record {
        height: 1,
        partition: 0,
        offset: 0,
        record_hash: Hash(encoded[..].try_into().expect("32 bytes")),
        verdict: Verdict::TooLarge,
        sender: None,
        recipient: None,
    };
    let stage = Stage::new("stage");
    let header = Header {
        log_size: 1,
        log_root: log::leaf_hash(&leaf.encode()),
        ..*stage.grown.accepted[1].block.header()
    };
    let proof = InclusionProof {
        chain_id: stage.chain_id().to_string(),
        header: hex::encode(header.to_bytes()),
        leaf_index: Some(0),
        leaf: hex::encode(leaf.encode()),
        path: Vec::new(),
        record: hex::encode(&encoded),
    };
    let folder = tempdir().expect("a folder");
    let text = proto::json::to_value(&proof).to_string();
    fs::write(folder.path().join("p"), text).expect("it is written");
    let tip = header.hash().to_string();
    let ended = World::honest().run_in(folder.path(), &["proof", "verify", "p", "--tip", &tip]);
    ended.succeeds(&["TOO_LARGE"]);
    assert!(!ended.out.contains("bob"), "{}", ended.out);
}
