//! One row for each rule of block validity, in the order in which they are checked.

use bytes::Bytes;
use chain::block::{Refusal, Rule, Unequal};
use chain::{Chain, Transaction};
use proto::chain::v1;
use strum::IntoEnumIterator;

use super::fixture::{
    NOW_MS, advance, closed_genesis, judge, miner, next_block, payment, rich, seal, signed, start,
};

/// A good candidate, and how to break it.
struct Candidate {
    block: v1::Block,
    enough_work: bool,
    /// Changes of the sealed value.
    spoil: Vec<fn(&mut Vec<u8>)>,
    append_ms: u64,
    /// Whether an order to move to version 2 has acted.
    stopped: bool,
}

type Row = (Rule, fn(&mut Candidate));

/// In the order of the rules, each with its numbers. UNDECODABLE stands three times: of the beginning, of the header,
/// and of the whole.
const ROWS: [Row; 21] = [
    (Rule::Stopped(2), |it| it.stopped = true),
    (
        Rule::Oversize {
            bytes: (64 << 10) + 1,
            max: 64 << 10,
        },
        |it| it.spoil.push(|value| value.resize((64 << 10) + 1, 0)),
    ),
    (Rule::Undecodable, |it| {
        it.spoil.push(|value| value[0] = 0x0b)
    }),
    (Rule::BadVersion(2), |it| header(it).version = 2),
    (Rule::Undecodable, |it| {
        header(it).previous_hash = Bytes::from_static(b"short");
    }),
    (Rule::Stale, |it| {
        header(it).previous_hash = Bytes::from(vec![0; 32]);
    }),
    (Rule::BadHeight(unequal(3, 2)), |it| header(it).height += 1),
    (Rule::BadPartition(2), |it| header(it).partition = 2),
    (Rule::BadFrom(unequal(3, 2)), |it| {
        header(it).from_offset += 1
    }),
    (
        Rule::BadSlice {
            from_offset: 2,
            to_offset: 37,
            max: 20,
        },
        |it| header(it).to_offset += 30,
    ),
    (
        Rule::TooEarly {
            timestamp_ms: NOW_MS - 1,
            parent_ms: NOW_MS + 1,
        },
        |it| header(it).timestamp_ms = NOW_MS - 1,
    ),
    (
        Rule::TooLate {
            timestamp_ms: NOW_MS + 10_001,
            append_ms: NOW_MS,
        },
        |it| header(it).timestamp_ms = NOW_MS + 10_001,
    ),
    (Rule::BadBits(unequal(0x207f_fffe, 0x207f_ffff)), |it| {
        header(it).bits = 0x207f_fffe
    }),
    (Rule::BadWork(0x207f_ffff), |it| it.enough_work = false),
    (Rule::BadMiner, |it| {
        header(it).miner = Bytes::copy_from_slice(rich().account().as_bytes());
    }),
    (Rule::BadBlockSignature, |it| {
        it.spoil.push(|value| {
            let header_end = 2 + usize::from(value[1]) + usize::from(value[1] >= 0x80);
            value[header_end + 2] ^= 1;
        });
    }),
    (Rule::Undecodable, |it| it.spoil.push(|value| value.push(0))),
    (Rule::BadHoles, |it| it.block.holes[0].to_offset += 1),
    (
        Rule::BadRecordCount {
            records: 2,
            verdicts: 3,
            holes: 2,
            offsets: 5,
        },
        |it| drop(it.block.records.pop()),
    ),
    (Rule::BadVerdict, |it| {
        it.block.verdicts = Bytes::from(vec![2; it.block.verdicts.len()]);
    }),
    (Rule::BadLog(unequal(10, 9)), |it| header(it).log_size += 1),
];

const fn unequal<T>(found: T, expected: T) -> Unequal<T> {
    Unequal { found, expected }
}

fn header(candidate: &mut Candidate) -> &mut v1::Header {
    candidate
        .block
        .header
        .as_mut()
        .expect("the block has a header")
}

fn chain() -> Chain {
    let mut chain = start(&closed_genesis());
    advance(&mut chain, vec![]);
    chain
}

fn candidate(chain: &Chain) -> Candidate {
    let records = (1..4).map(|nonce| {
        signed(
            chain,
            payment(&rich().account(), miner().account(), nonce),
            &rich(),
        )
    });
    Candidate {
        block: next_block(chain, records.collect()),
        enough_work: true,
        spoil: Vec::new(),
        append_ms: NOW_MS,
        stopped: false,
    }
}

fn stop(chain: &mut Chain) {
    let order = Transaction {
        amount: 0,
        recipient: Bytes::new(),
        memo: "version 2".to_owned(),
        ..payment(&miner().account(), miner().account(), 1)
    };
    let order = signed(chain, order, &miner());
    advance(chain, vec![order]);
    assert!(chain.is_stopped());
}

/// What becomes of the candidate; a refusal changes nothing.
fn outcome(chain: &Chain, candidate: Candidate) -> Option<Rule> {
    let mut chain = chain.clone();
    if candidate.stopped {
        stop(&mut chain);
    }
    let mut value = seal(candidate.block, candidate.enough_work).to_vec();
    candidate.spoil.iter().for_each(|spoil| spoil(&mut value));
    let snapshot = |chain: &Chain| serde_json::to_string(chain).expect("a chain can be written");
    let before = snapshot(&chain);
    let result = judge(&mut chain, value.into(), candidate.append_ms).err();
    assert_eq!(snapshot(&chain) == before, result.is_some());
    result
}

#[test]
fn every_rule_has_a_row() {
    let mut rules: Vec<&str> = ROWS.iter().map(|(rule, _)| rule.code()).collect();
    rules.remove(16);
    rules.remove(4);
    assert_eq!(rules, Rule::iter().map(Rule::code).collect::<Vec<_>>());
}

#[test]
fn each_rule_refuses_what_breaks_it() {
    let chain = chain();
    assert_eq!(outcome(&chain, candidate(&chain)), None);
    for (rule, spoil) in ROWS {
        let mut broken = candidate(&chain);
        spoil(&mut broken);
        assert_eq!(outcome(&chain, broken), Some(rule));
    }
}

#[test]
fn a_refusal_says_its_numbers() {
    let said = [
        (Rule::BadFrom(unequal(7, 12)), &["7", "12"][..]),
        (
            Rule::BadBits(unequal(0x1f00_ffff, 0x2000_0001)),
            &["0x1f00ffff", "0x20000001"],
        ),
        (
            Rule::TooLate {
                timestamp_ms: 20_001,
                append_ms: 10_000,
            },
            &["20001", "10000"],
        ),
    ];
    for (rule, numbers) in said {
        let text = Refusal::from(rule).to_string();
        let missing = numbers.iter().find(|number| !text.contains(**number));
        assert_eq!(missing, None, "{text}");
    }
}

#[test]
fn the_first_rule_that_fails_decides() {
    let chain = chain();
    for (i, (first, spoil_first)) in ROWS.iter().enumerate() {
        for (second, spoil_second) in &ROWS[i + 1..] {
            // The same field cannot be wrong in both ways.
            let exclusive = [
                ("UNDECODABLE", "STALE"),
                ("TOO_EARLY", "TOO_LATE"),
                ("BAD_RECORD_COUNT", "BAD_VERDICT"),
            ];
            if exclusive.contains(&(first.code(), second.code())) {
                continue;
            }
            let mut broken = candidate(&chain);
            spoil_second(&mut broken);
            spoil_first(&mut broken);
            let refused = outcome(&chain, broken).map(Rule::code);
            let expected = Some(first.code());
            assert_eq!(refused, expected, "{first:?} before {second:?}");
        }
    }
}

#[test]
fn a_checked_block_is_admitted_again_when_it_is_applied() {
    let mut chain = chain();
    let candidate = candidate(&chain);
    let value = seal(candidate.block, true);
    judge(&mut chain, value.clone(), NOW_MS).expect("the block is good");
    let block = chain.frame(value).expect("it begins like a block");
    let signatures = chain::record::Signatures::Assume;
    let rules = chain.rules().clone();
    let checked = block.check(&rules, signatures, &chain::parallel::Sequential);
    let result = chain.apply(checked.expect("it was good"), NOW_MS);
    assert_eq!(result.err(), Some(Rule::Stale));
}
