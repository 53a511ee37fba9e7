//! One row for each verdict.

use bytes::Bytes;
use chain::block::Rule;
use chain::{Account, Chain, Genesis, Transaction, Verdict, genesis};
use strum::IntoEnumIterator;

use super::fixture::{
    NOW_MS, advance, closed_genesis, judge, miner, next_block, payment, rich, seal, signed, start,
};

/// A record that gets the verdict on the given chain.
type Row = (Verdict, fn(&Chain) -> Bytes);

const ROWS: [Row; 12] = [
    (Verdict::Included, |chain| from_rich(chain, |_| {})),
    (Verdict::TooLarge, |_| Bytes::from(vec![0; 1025])),
    (Verdict::Undecodable, |_| Bytes::from_static(b"\x0a\x00")),
    (Verdict::BadAccount, |chain| {
        from_rich(chain, |it| it.recipient = Bytes::new())
    }),
    (Verdict::NamesNotAllowed, |chain| {
        from_rich(chain, |it| it.recipient = Bytes::from_static(b"bob"))
    }),
    (Verdict::MemoTooLarge, |chain| {
        from_rich(chain, |it| it.memo = "m".repeat(257))
    }),
    (Verdict::Empty, |chain| from_rich(chain, |it| it.amount = 0)),
    (Verdict::BadSignature, |chain| {
        let transaction = payment(&rich().account(), miner().account(), 5);
        signed(chain, transaction, &miner())
    }),
    (Verdict::Expired, |chain| {
        from_rich(chain, |it| it.valid_until = chain.tip().height())
    }),
    (Verdict::NonceTooLow, |chain| {
        from_rich(chain, |it| it.nonce = 4)
    }),
    (Verdict::InsufficientFunds, |chain| {
        from_rich(chain, |it| it.amount = 1000)
    }),
    (Verdict::BalanceOverflow, |_| {
        let mut transaction = payment(&name("anne"), name("bob"), 1);
        transaction.amount = 1 << 63;
        transaction.encode()
    }),
];

fn name(text: &str) -> Account {
    text.parse().expect("a name")
}

fn from_rich(chain: &Chain, change: impl FnOnce(&mut Transaction)) -> Bytes {
    let mut transaction = payment(&rich().account(), miner().account(), 5);
    change(&mut transaction);
    signed(chain, transaction, &rich())
}

/// A chain on which the rich account has used nonce 4.
fn chain_for(verdict: Verdict) -> Chain {
    // Keys cannot have enough to overflow anything.
    let mut chain = start(&Genesis {
        open: verdict == Verdict::BalanceOverflow,
        ..closed_genesis()
    });
    let transaction = payment(&rich().account(), miner().account(), 4);
    let record = signed(&chain, transaction, &rich());
    advance(&mut chain, vec![record]);
    chain
}

#[test]
fn every_verdict_has_a_row() {
    let rows: Vec<Verdict> = ROWS.iter().map(|(verdict, _)| *verdict).collect();
    assert_eq!(rows, Verdict::iter().collect::<Vec<_>>());
}

#[test]
fn codes_and_bytes_are_distinct_and_read_back() {
    for (byte, verdict) in Verdict::iter().enumerate() {
        assert_eq!(usize::from(verdict.byte()), byte);
        assert_eq!(Verdict::from_byte(verdict.byte()), Some(verdict));
    }
    assert_eq!(Verdict::from_byte(12), None);
}

#[test]
fn each_record_gets_its_verdict_and_no_other() {
    for (verdict, record) in ROWS {
        let mut chain = chain_for(verdict);
        let block = next_block(&chain, vec![record(&chain)]);
        assert_eq!(block.verdicts[..], [verdict.byte()], "{verdict:?}");
        for other in (0..=12).filter(|byte| *byte != verdict.byte()) {
            let mut lie = block.clone();
            lie.verdicts = vec![other].into();
            let result = judge(&mut chain.clone(), seal(lie, true), NOW_MS);
            // A carried hash may be judged as if it were a record, but has another hash then.
            let as_record = verdict == Verdict::TooLarge && other == Verdict::Undecodable.byte();
            let rule = if as_record { "BAD_LOG" } else { "BAD_VERDICT" };
            assert_eq!(
                result.err().map(Rule::code),
                Some(rule),
                "{verdict:?} as {other}"
            );
        }
        let accepted = judge(&mut chain, seal(block, true), NOW_MS).expect("the block is good");
        assert_eq!(accepted.block.verdicts(), [verdict]);
        let occurs = accepted.block.records()[0].id().is_some();
        assert_eq!(occurs, verdict.is_occurrence(), "{verdict:?}");
    }
}

#[test]
fn every_verdict_is_final() {
    for (verdict, record) in ROWS {
        let mut chain = chain_for(verdict);
        let record = record(&chain);
        advance(&mut chain, vec![record.clone()]);
        let accepted = advance(&mut chain, vec![record]);
        assert_ne!(
            accepted.block.verdicts(),
            [Verdict::Included],
            "{verdict:?}"
        );
    }
}

#[test]
fn the_nonce_is_used_up_by_what_fails_for_want_of_funds() {
    let mut chain = chain_for(Verdict::InsufficientFunds);
    let before = chain.account(&rich().account()).expect("it has a balance");
    let record = from_rich(&chain, |it| it.amount = 1000);
    let accepted = advance(&mut chain, vec![record]);
    let after = chain.account(&rich().account()).expect("it has a balance");
    assert_eq!(after, chain::account::State { nonce: 5, ..before });
    assert!(
        accepted
            .effects
            .touched
            .iter()
            .any(|touched| touched.state == after)
    );
}

#[test]
fn the_largest_transfer_between_names_is_one_change() {
    let mut genesis = Genesis {
        open: true,
        ..closed_genesis()
    };
    let (high, low) = (name("high"), name("low"));
    genesis.allocations.push(genesis::Allocation {
        account: high,
        amount: 1 << 61,
    });
    let mut chain = start(&genesis);
    let fill = |amount: u64, nonce: u64, from, to| {
        let transaction = Transaction {
            amount,
            ..payment(&from, to, nonce)
        };
        transaction.encode()
    };
    let max = i64::MAX as u64;
    let records = vec![
        fill(max - (1 << 61), 1, low, high),
        fill((1 << 61) - 1, 2, low, name("bank")),
        fill(1, 3, low, name("bank")),
    ];
    let accepted = advance(&mut chain, records);
    assert_eq!(accepted.block.verdicts(), [Verdict::Included; 3]);
    let accepted = advance(&mut chain, vec![fill(2 * max, 1, high, low)]);
    assert_eq!(accepted.block.verdicts(), [Verdict::Included]);
    let change = accepted
        .effects
        .entries
        .last()
        .expect("low received")
        .change;
    assert_eq!(change, 2 * i128::from(i64::MAX));
}

#[test]
fn what_has_no_room_in_the_hashed_bytes_has_no_id() {
    let chain_id = start(&closed_genesis()).rules().chain_id;
    let id = |change: fn(&mut Transaction)| {
        let mut transaction = payment(&rich().account(), miner().account(), 5);
        change(&mut transaction);
        transaction.id(&chain_id)
    };
    let plain = id(|_| {}).expect("it has an id");
    assert_eq!(
        id(|it| it.signature = Bytes::from_static(b"any")),
        Some(plain)
    );
    assert!(id(|it| it.recipient = Bytes::new()).is_some());
    assert!(id(|it| it.memo = "m".repeat(256)).is_some());
    assert_eq!(id(|it| it.sender = Bytes::new()), None);
    assert_eq!(id(|it| it.recipient = Bytes::from(vec![1; 33])), None);
    assert_eq!(id(|it| it.memo = "m".repeat(257)), None);
}
