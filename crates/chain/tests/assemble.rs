//! Assembling: how much of what is pending a block takes, and when there is none to make.

use bytes::Bytes;
use chain::assemble::Error;
use chain::block::Hole;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Accepted, Account, Chain, Draft, Genesis, Record, Slot, Transaction, record};

const NOW_MS: u64 = 1_700_000_000_000;

fn chain(max_block_records: u32) -> Chain {
    let genesis = Genesis {
        timestamp_ms: NOW_MS,
        open: true,
        bits: 0x2100_ffff,
        max_block_records,
        max_block_bytes: 64 << 10,
        ..Genesis::default()
    };
    Chain::start(&genesis.block_zero(), NOW_MS)
        .expect("a block 0")
        .0
}

fn name(text: &str) -> Account {
    text.parse().expect("a name")
}

fn record(chain: &Chain, nonce: u64, memo: usize) -> Slot<Record> {
    let transaction = Transaction {
        sender: Bytes::from_static(b"alice"),
        recipient: Bytes::from_static(b"bob"),
        amount: 1,
        nonce,
        memo: "m".repeat(memo),
        ..Transaction::default()
    };
    Slot::Record(record::check(transaction.encode(), chain.rules()))
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
fn seal(chain: &mut Chain, slots: Vec<Slot<Record>>) -> Accepted {
    let template = chain
        .assemble(draft(slots))
        .expect("there is something to seal");
    let nonce = template
        .work()
        .search(0, 1 << 20)
        .expect("the work is easy");
    let block = chain.frame(template.finish(nonce, None)).expect("a block");
    assert!(block.size() <= 64 << 10);
    let signatures = Signatures::Check {
        seed: [0; 32],
        known: &|_| false,
    };
    let rules = chain.rules().clone();
    let checked = block
        .check(&rules, signatures, &Sequential)
        .expect("a good body");
    chain.apply(checked, NOW_MS).expect("a good block")
}

#[test]
fn holes_that_touch_are_one() {
    let mut chain = chain(100);
    let slots = vec![
        Slot::Hole(1),
        Slot::Hole(2),
        record(&chain, 1, 0),
        Slot::Hole(0),
        record(&chain, 2, 0),
        Slot::Hole(4),
    ];
    let accepted = seal(&mut chain, slots);
    let expected = [(0, 3), (5, 9)].map(|(from_offset, to_offset)| Hole {
        from_offset,
        to_offset,
    });
    assert_eq!(accepted.block.holes(), expected);
    assert_eq!(chain.cursors(), [0, 9]);
    let places: Vec<u64> = accepted.block.slots().map(|(offset, _)| offset).collect();
    assert_eq!(places, [0, 3, 4, 5]);
}

#[test]
fn a_block_takes_as_many_offsets_as_it_may() {
    let mut chain = chain(5);
    let slots = vec![record(&chain, 1, 0), Slot::Hole(7), record(&chain, 2, 0)];
    let accepted = seal(&mut chain, slots);
    assert_eq!(accepted.block.header().to_offset, 5);
    let slots = vec![Slot::Hole(3), record(&chain, 2, 0)];
    let accepted = seal(&mut chain, slots);
    assert_eq!(accepted.block.header().to_offset, 9);
    let slots = (3..20).map(|nonce| record(&chain, nonce, 0)).collect();
    assert_eq!(seal(&mut chain, slots).block.records().len(), 5);
}

#[test]
fn a_block_takes_as_many_bytes_as_it_may() {
    let mut chain = chain(10_000);
    let slots: Vec<Slot<Record>> = (1..400).map(|nonce| record(&chain, nonce, 256)).collect();
    let accepted = seal(&mut chain, slots);
    let room = (64 << 10) - accepted.block.size();
    assert!(room < 700, "{room} bytes were left");
}

#[test]
fn there_is_not_always_a_block_to_make() {
    let chain = chain(5);
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
