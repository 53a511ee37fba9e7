//! A saved tip is the proven one.

use std::fs;
use std::path::Path;

use chain::{Hash, Header, work};
use proto::ledger::v1::{GetBlockResponse, GetConsistencyProofResponse};
use tempfile::tempdir;

use crate::stage::Stage;
use crate::world::{Lies, World};

fn header(text: &str) -> Header {
    let bytes = hex::decode(text).expect("hex");
    Header::from_bytes(&bytes.try_into().expect("156 bytes"))
}

/// A header like this one, with a nonce that gives the requested work.
fn like(text: &str, change: impl FnOnce(&mut Header), with_work: bool) -> String {
    let mut header = header(text);
    change(&mut header);
    while work::meets(&header.hash(), header.bits) != with_work {
        header.nonce += 1;
    }
    hex::encode(header.to_bytes())
}

/// Another block than the requested one, without a contradiction in itself.
fn forge(reply: &mut GetBlockResponse) {
    let block = reply.block.as_mut().expect("a block");
    block.header = like(&block.header, |header| header.nonce += 1, true);
    let header = header(&block.header);
    (block.nonce, block.hash) = (Some(header.nonce), header.hash().to_string());
}

fn saved(folder: &Path) -> String {
    fs::read_to_string(folder.join("tip.json")).expect("it was saved")
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("it is there").next().is_none()
}

#[test]
fn a_first_tip_is_told_to_be_one_and_a_later_one_must_extend_it() {
    let (folder, world) = (tempdir().expect("a folder"), World::honest());
    let save = ["tip", "save", "tip.json"];
    let first = world.run_in(folder.path(), &save);
    first.succeeds(&[&world.stage.hash(3), "first use", "--tip"]);
    assert!(saved(folder.path()).contains(&world.stage.header(3)));
    let again = world.run_in(folder.path(), &save);
    again.succeeds(&["extended"]);
    assert!(!again.out.contains("first use"), "{}", again.out);
    world
        .run_in(folder.path(), &["tip", "check", "tip.json"])
        .succeeds(&["extended"]);
    world
        .run_in(
            folder.path(),
            &["tip", "save", "tip.json", "--tip", &world.stage.hash(1)],
        )
        .fails(2, &["holds a tip already"]);
}

#[test]
fn a_first_tip_extends_the_block_that_is_trusted() {
    let (folder, world) = (tempdir().expect("a folder"), World::honest());
    let words = |hash| ["tip", "save", "tip.json", "--tip", hash];
    let (unknown, trusted) = ("ab".repeat(32), world.stage.hash(1));
    world
        .run_in(folder.path(), &words(&unknown))
        .fails(3, &["UNKNOWN_BLOCK"]);
    assert!(is_empty(folder.path()));
    let good = world.run_in(folder.path(), &words(&trusted));
    good.succeeds(&[&world.stage.hash(3), "the log of block 1"]);
    assert!(!good.out.contains("first use"), "{}", good.out);
}

#[test]
fn a_block_that_was_not_proven_is_never_saved() {
    let folder = tempdir().expect("a folder");
    let lying = World::lying(Lies::default().about("GetBlock", forge));
    lying
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .fails(6, &[]);
    assert!(is_empty(folder.path()), "nothing is saved");
    let honest = World::honest();
    honest
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .succeeds(&[]);
    let before = saved(folder.path());
    lying
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .fails(6, &[]);
    assert_eq!(saved(folder.path()), before, "the anchor stays");
    let at_tip = Lies::default().about("GetBlock", |reply: &mut GetBlockResponse| {
        if reply
            .block
            .as_ref()
            .is_some_and(|block| block.height == Some(3))
        {
            forge(reply);
        }
    });
    let lying = World::lying(at_tip);
    lying
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .succeeds(&[]);
    assert_eq!(saved(folder.path()), before, "what the proof leads to");
}

/// Saves the true tip, and asks a ledger that answers with another header in its proofs.
fn check_against(to_header: impl Fn(&str) -> String + Send + Sync + 'static, words: &[&str]) {
    let folder = tempdir().expect("a folder");
    World::honest()
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .succeeds(&[]);
    let before = saved(folder.path());
    let lies = Lies::default().about(
        "GetConsistencyProof",
        move |reply: &mut GetConsistencyProofResponse| {
            reply.to_header = to_header(&reply.to_header);
        },
    );
    let lying = World::lying(lies);
    for verb in ["check", "save"] {
        let ended = lying.run_in(folder.path(), &["tip", verb, "tip.json"]);
        ended.fails(6, words);
        assert!(!ended.out.contains("extended"), "{}", ended.out);
    }
    assert_eq!(saved(folder.path()), before, "the anchor stays");
}

#[test]
fn an_older_view_is_no_extension() {
    check_against(
        |tip| like(tip, |header| header.height = 2, true),
        &["older view"],
    );
}

#[test]
fn another_block_of_the_same_height_is_no_extension() {
    check_against(
        |tip| like(tip, |header| header.nonce += 1, true),
        &["two blocks 3"],
    );
}

#[test]
fn a_header_without_work_is_no_extension() {
    check_against(
        |tip| like(tip, |header| header.height = 4, false),
        &["no work"],
    );
}

#[test]
fn a_header_with_less_work_than_the_chain_asks_for_is_no_extension() {
    let easier = |header: &mut Header| (header.height, header.bits) = (4, 0x2100_ffff);
    check_against(move |tip| like(tip, easier, true), &["less work"]);
}

#[test]
fn a_ledger_that_is_behind_is_told_from_one_that_was_rewritten() {
    let folder = tempdir().expect("a folder");
    let stage = Stage::new("stage");
    // A later state of the chain, saved elsewhere.
    let ahead = like(&stage.header(3), |header| header.height = 9, true);
    let hash = Hash::of(&hex::decode(&ahead).expect("hex"));
    let text = format!(
        r#"{{"chainId":"{}","height":9,"hash":"{hash}","header":"{ahead}"}}"#,
        stage.chain_id()
    );
    fs::write(folder.path().join("tip.json"), text).expect("it is written");
    World::of(stage, Lies::default())
        .run_in(folder.path(), &["tip", "check", "tip.json"])
        .fails(5, &["HEIGHT_ABOVE_TIP", "older view"]);
}

#[test]
fn a_tip_of_another_chain_is_told_as_one() {
    let folder = tempdir().expect("a folder");
    let (own, other) = (
        World::honest(),
        World::of(Stage::new("other"), Lies::default()),
    );
    own.run_in(folder.path(), &["tip", "save", "tip.json"])
        .succeeds(&[]);
    let (own, found) = (
        own.stage.chain_id().to_string(),
        other.stage.chain_id().to_string(),
    );
    other
        .run_in(folder.path(), &["tip", "save", "tip.json"])
        .fails(6, &["WRONG_CHAIN", &own, &found]);
}
