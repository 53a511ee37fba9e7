//! Proofs of inclusion: what they show, and how each can fail.

use bytes::Bytes;
use chain::leaf::Entry;
use chain::proof::{Error, Inclusion};
use chain::{Chain, Genesis, Hash, Header, Transaction, Verdict, leaf::Leaf, log};

fn transaction() -> Transaction {
    Transaction {
        sender: Bytes::from_static(b"alice"),
        recipient: Bytes::from_static(b"bob"),
        amount: 5,
        nonce: 1,
        ..Transaction::default()
    }
}

fn record_leaf(record_hash: Hash, verdict: Verdict) -> Leaf {
    let entry = (verdict == Verdict::Included).then_some(Entry {
        previous: None,
        sequence: 1,
        balance: -5,
    });
    Leaf::Record {
        height: 1,
        partition: 0,
        offset: 0,
        record_hash,
        verdict,
        sender: entry,
        recipient: entry,
    }
}

/// A proof of the second of two leaves, and the hash to trust.
fn proof(leaf: Vec<u8>, record: Option<Bytes>) -> (Inclusion, Hash) {
    let (chain, _) = Chain::start(&Genesis::default().block_zero(), 0).expect("a block 0");
    let first = log::leaf_hash(b"first");
    let header = Header {
        height: 1,
        miner: Some("m".parse().expect("a name")),
        log_size: 2,
        log_root: log::node_hash(&first, &log::leaf_hash(&leaf)),
        ..chain.tip().header
    };
    let inclusion = Inclusion {
        header: header.to_bytes(),
        leaf_index: 1,
        leaf,
        path: vec![first],
        record,
    };
    (inclusion, header.hash())
}

#[test]
fn a_proof_shows_leaf_and_transaction() {
    let record = transaction().encode();
    let leaf = record_leaf(Hash::of(&record), Verdict::Included);
    let (proof, trusted) = proof(leaf.encode(), Some(record));
    let proven = proof.verify(&trusted).expect("the proof is good");
    assert_eq!(proven.leaf, leaf);
    assert_eq!(proven.transaction, Some(transaction()));
    assert_eq!(proven.header.to_bytes(), proof.header);
}

#[test]
fn each_part_can_fail() {
    let record = transaction().encode();
    let leaf = record_leaf(Hash::of(&record), Verdict::Included).encode();
    let (good, trusted) = proof(leaf.clone(), Some(record));
    let found = good.clone().verify(&Hash::ZERO);
    let other = Error::OtherHeader {
        found: trusted,
        trusted: Hash::ZERO,
    };
    assert_eq!(found, Err(other));
    let moved = Inclusion {
        leaf_index: 0,
        ..good.clone()
    };
    assert_eq!(moved.verify(&trusted), Err(Error::BadPath));
    let other_record = Inclusion {
        record: Some(Bytes::from_static(b"other")),
        ..good
    };
    assert_eq!(other_record.verify(&trusted), Err(Error::OtherRecord));
    let (long, trusted) = proof([&leaf[..], b"\0"].concat(), None);
    assert_eq!(long.verify(&trusted), Err(Error::BadLeaf));
}

#[test]
fn a_record_that_was_too_large_is_shown_by_its_hash_or_whole() {
    let record = Bytes::from(vec![7; 2000]);
    let hash = Hash::of(&record);
    let leaf = record_leaf(hash, Verdict::TooLarge).encode();
    for shown in [record, Bytes::copy_from_slice(&hash.0)] {
        let (proof, trusted) = proof(leaf.clone(), Some(shown));
        assert!(proof.verify(&trusted).is_ok());
    }
}
