//! One row for each rule of block 0.

use bytes::Bytes;
use chain::Chain;
use chain::genesis::Fault;
use prost::Message;
use proto::chain::v1;
use strum::IntoEnumIterator;

use super::fixture::{NOW_MS, closed_genesis, miner};

/// Changes the genesis, or the block around it.
type Row = (Fault, fn(&mut v1::Genesis), fn(&mut v1::Block));

const ROWS: [Row; 13] = [
    (
        Fault::NotBlockZero,
        |_| {},
        |block| {
            block.verdicts = Bytes::from_static(b"\0");
        },
    ),
    (
        Fault::Undecodable,
        |_| {},
        |block| {
            block.records[0] = Bytes::from_static(b"\x0a\0");
        },
    ),
    (Fault::BadName, |it| it.name = "-".to_owned(), |_| {}),
    (Fault::BadTime, |it| it.timestamp_ms = 1 << 53, |_| {}),
    (Fault::BadPartitions, |it| it.partitions = 1025, |_| {}),
    (Fault::BadReward, |it| it.reward = 1 << 31, |_| {}),
    (Fault::BadBits, |it| it.bits = 0x2080_0000, |_| {}),
    (Fault::BadInterval, |it| it.target_block_ms = 999, |_| {}),
    (Fault::BadLimits, |it| it.max_block_records = 0, |_| {}),
    (
        Fault::BadAllocations,
        |it| {
            let twice = it.allocations[0].clone();
            it.allocations.push(twice);
        },
        |_| {},
    ),
    (
        Fault::BadMiners,
        |it| {
            it.miners.push(Bytes::from_static(b"bob"));
        },
        |_| {},
    ),
    (
        Fault::BadAdmin,
        |it| {
            it.admin = Bytes::from_static(b"bob");
        },
        |_| {},
    ),
    (
        Fault::BadHeader,
        |_| {},
        |block| {
            let header = block.header.as_mut().expect("block 0 has a header");
            header.miner = Bytes::copy_from_slice(miner().account().as_bytes());
        },
    ),
];

/// A block 0 with everything in the rows done to it.
fn block_zero(rows: &[Row]) -> Bytes {
    let genesis = closed_genesis();
    let mut fields = v1::Genesis::decode(genesis.encode()).expect("a genesis decodes");
    rows.iter().for_each(|(_, change, _)| change(&mut fields));
    let mut block = v1::Block::decode(genesis.block_zero()).expect("a block decodes");
    block.records = vec![fields.encode_to_vec().into()];
    rows.iter().for_each(|(_, _, change)| change(&mut block));
    block.encode_to_vec().into()
}

#[test]
fn every_fault_has_a_row() {
    let rows: Vec<Fault> = ROWS.iter().map(|(fault, _, _)| *fault).collect();
    assert_eq!(rows, Fault::iter().collect::<Vec<_>>());
}

#[test]
fn each_rule_refuses_what_breaks_it_and_the_first_decides() {
    assert!(Chain::start(&block_zero(&[]), NOW_MS).is_ok());
    for (i, row) in ROWS.iter().enumerate() {
        let alone = Chain::start(&block_zero(&[*row]), NOW_MS);
        assert_eq!(alone.err(), Some(row.0));
        for other in &ROWS[i + 1..] {
            let both = Chain::start(&block_zero(&[*other, *row]), NOW_MS);
            assert_eq!(both.err(), Some(row.0), "{:?} before {:?}", row.0, other.0);
        }
    }
}
