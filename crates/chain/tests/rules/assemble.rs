//! Assembling: how much of what is pending a block takes, and when there is none to make.

use std::sync::Arc;

use chain::assemble::Error;
use chain::block::Hole;
use chain::testing::{self, Grower, NOW_MS, name};
use chain::{Accepted, Chain, Draft, Genesis, Record, Slot, Transaction, record};

fn grower(max_block_records: u32) -> Grower {
    Grower::new(&Genesis {
        max_block_records,
        max_block_bytes: 64 << 10,
        ..testing::genesis("assemble")
    })
}

fn record(grower: &Grower, nonce: u64, memo: usize) -> Slot<Record> {
    let transaction = Transaction {
        memo: "m".repeat(memo),
        ..testing::transfer(&name("alice"), &name("bob"), 1, nonce)
    };
    Slot::Record(record::check(transaction.encode(), grower.chain.rules()))
}

fn draft(slots: Vec<Slot<Record>>) -> Draft {
    Draft {
        partition: 1,
        slots,
        miner: name("m"),
        timestamp_ms: NOW_MS,
    }
}

/// Assembles, finds the work, and applies.
fn seal(grower: &mut Grower, slots: Vec<Slot<Record>>) -> Arc<Accepted> {
    let template = grower.template(1, slots, name("m"));
    let value = testing::seal(&template, &grower.miner);
    assert!(value.len() <= 64 << 10);
    grower.judge(value, NOW_MS).expect("a good block")
}

#[test]
fn holes_that_touch_are_one() {
    let mut grower = grower(100);
    let slots = vec![
        Slot::Hole(1),
        Slot::Hole(2),
        record(&grower, 1, 0),
        Slot::Hole(0),
        record(&grower, 2, 0),
        Slot::Hole(4),
    ];
    let accepted = seal(&mut grower, slots);
    let expected = [(0, 3), (5, 9)].map(|(from_offset, to_offset)| Hole {
        from_offset,
        to_offset,
    });
    assert_eq!(accepted.block.holes(), expected);
    assert_eq!(grower.chain.cursors(), [0, 9]);
    let places: Vec<u64> = accepted.block.slots().map(|(offset, _)| offset).collect();
    assert_eq!(places, [0, 3, 4, 5]);
}

#[test]
fn a_block_takes_as_many_offsets_as_it_may() {
    let mut grower = grower(5);
    let slots = vec![record(&grower, 1, 0), Slot::Hole(7), record(&grower, 2, 0)];
    let accepted = seal(&mut grower, slots);
    assert_eq!(accepted.block.header().to_offset, 5);
    let slots = vec![Slot::Hole(3), record(&grower, 2, 0)];
    let accepted = seal(&mut grower, slots);
    assert_eq!(accepted.block.header().to_offset, 9);
    let slots = (3..20).map(|nonce| record(&grower, nonce, 0)).collect();
    assert_eq!(seal(&mut grower, slots).block.records().len(), 5);
}

#[test]
fn a_block_takes_as_many_bytes_as_it_may() {
    let mut grower = grower(10_000);
    let slots: Vec<Slot<Record>> = (1..400).map(|nonce| record(&grower, nonce, 256)).collect();
    let accepted = seal(&mut grower, slots);
    let room = (64 << 10) - accepted.block.size();
    assert!(room < 700, "{room} bytes were left");
}

#[test]
fn there_is_not_always_a_block_to_make() {
    let chain = grower(5).chain;
    let one = || vec![Slot::Hole(1)];
    let result = |draft| chain.assemble(draft).err();
    assert_eq!(result(draft(vec![])), Some(Error::Empty));
    assert_eq!(result(draft(vec![Slot::Hole(0)])), Some(Error::Empty));
    let elsewhere = Draft {
        partition: 2,
        ..draft(one())
    };
    assert_eq!(result(elsewhere), Some(Error::NoPartition(2)));
    let early = Draft {
        timestamp_ms: NOW_MS - 1,
        ..draft(one())
    };
    let error = Error::TooEarly {
        timestamp_ms: NOW_MS - 1,
        parent_ms: NOW_MS,
    };
    assert_eq!(result(early), Some(error));
    let genesis = Genesis {
        open: false,
        ..chain.rules().genesis.clone()
    };
    let (closed, _) = Chain::start(&genesis.block_zero(), NOW_MS).expect("a block 0");
    let result = closed.assemble(draft(one())).err();
    assert_eq!(result, Some(Error::NotAMiner(name("m"))));
}
