//! What is checked of signatures, how often, and that batches change nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use chain::Slot;
use chain::block::{Block, Rule, Unchecked};
use chain::parallel::{Parallel, Sequential};
use chain::record::{Signatures, check, check_all};
use chain::testing::{self, CHECK, seal, secret};
use chain::{Chain, Genesis, Hash, Record, Transaction, Verdict};

/// Runs parts on threads of their own, in no order.
struct Threads;

impl Parallel for Threads {
    fn each(&self, parts: usize, job: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            (0..parts).rev().for_each(|part| {
                scope.spawn(move || job(part));
            });
        });
    }

    fn width(&self) -> usize {
        3
    }
}

fn chain() -> Chain {
    let genesis = Genesis {
        bits: 0x2100_ffff,
        ..Genesis::default()
    };
    Chain::start(&genesis.block_zero(), 0).expect("a block 0").0
}

/// A record of a memo, whose signature is bad if asked for.
fn record(chain: &Chain, i: usize, good: bool) -> Bytes {
    let sender = secret((i % 7) as u8);
    let transaction = Transaction {
        sender: Bytes::copy_from_slice(sender.account().as_bytes()),
        nonce: i as u64 + 1,
        memo: format!("memo {i}"),
        ..Transaction::default()
    };
    let signer = if good { sender } else { secret(100) };
    transaction.sign(&chain.rules().chain_id, &signer).encode()
}

/// A block of these records that lies about one of them, or about none.
fn block(chain: &Chain, records: &[Bytes], lie: Option<(usize, Verdict)>) -> Block<Unchecked> {
    let records: Vec<Record> = records
        .iter()
        .map(|it| check(it.clone(), chain.rules()))
        .collect();
    let slots = records.into_iter().map(Slot::Record).collect();
    let template = testing::template(chain, 0, slots, secret(50).account());
    let mut value = seal(&template, &secret(50)).to_vec();
    if let Some((i, verdict)) = lie {
        // Without holes, the verdicts are the last bytes of a block.
        let place = value.len() - template.verdicts.len() + i;
        value[place] = verdict.byte();
    }
    chain.frame(value.into()).expect("a block")
}

#[test]
fn batches_give_what_single_checks_give() {
    let chain = chain();
    let values: Vec<Bytes> = (0..300).map(|i| record(&chain, i, i % 50 != 3)).collect();
    let singly: Vec<Record> = values
        .iter()
        .map(|it| check(it.clone(), chain.rules()))
        .collect();
    let in_order = check_all(values.clone(), chain.rules(), [1; 32], &Sequential);
    let on_threads = check_all(values, chain.rules(), [2; 32], &Threads);
    assert_eq!(in_order, singly);
    assert_eq!(on_threads, singly);
    assert_eq!(
        singly.iter().filter(|record| record.id().is_none()).count(),
        6
    );
}

#[test]
fn a_good_block_passes_and_a_lie_about_a_signature_does_not() {
    let chain = chain();
    let values: Vec<Bytes> = (0..200).map(|i| record(&chain, i, i != 150)).collect();
    let rules = chain.rules();
    assert!(
        block(&chain, &values, None)
            .check(rules, CHECK, &Threads)
            .is_ok()
    );
    for lie in [
        (150, Verdict::Included),
        (150, Verdict::Expired),
        (10, Verdict::BadSignature),
    ] {
        let result = block(&chain, &values, Some(lie)).check(rules, CHECK, &Threads);
        assert_eq!(result.err(), Some(Rule::BadVerdict), "{lie:?}");
    }
}

#[test]
fn what_is_known_to_be_good_is_not_checked_again() {
    let chain = chain();
    // The signature of the first is bad, so that passing shows that nobody looked.
    let values: Vec<Bytes> = (0..5).map(|i| record(&chain, i, i != 0)).collect();
    let first = Hash::of(&values[0]);
    let asked = AtomicUsize::new(0);
    let known = |hash: &Hash| {
        asked.fetch_add(1, Ordering::Relaxed);
        *hash == first
    };
    let signatures = Signatures::Check {
        seed: [4; 32],
        known: &known,
    };
    let lie = Some((0, Verdict::Included));
    let result = block(&chain, &values, lie).check(chain.rules(), signatures, &Sequential);
    assert!(result.is_ok());
    assert_eq!(asked.into_inner(), 5);
}

#[test]
fn assuming_believes_every_signature_and_nothing_else() {
    let chain = chain();
    let values: Vec<Bytes> = (0..5).map(|i| record(&chain, i, i != 0)).collect();
    let check =
        |lie| block(&chain, &values, lie).check(chain.rules(), Signatures::Assume, &Sequential);
    assert!(check(None).is_ok());
    assert!(check(Some((0, Verdict::Included))).is_ok());
    assert!(check(Some((1, Verdict::BadSignature))).is_ok());
    let result = check(Some((1, Verdict::Empty)));
    assert_eq!(result.err(), Some(Rule::BadVerdict));
}

#[test]
fn assuming_covers_the_miner_and_checking_does_not() {
    let chain = chain();
    let values = [record(&chain, 0, true)];
    let spoil = |block: Block<Unchecked>| {
        let mut value = block.value().to_vec();
        let signature = block.signature().to_vec();
        let place = value
            .windows(64)
            .position(|it| it == signature)
            .expect("it is signed");
        value[place] ^= 1;
        chain.frame(value.into()).expect("a block")
    };
    for (signatures, result) in [
        (CHECK, Some(Rule::BadBlockSignature)),
        (Signatures::Assume, None),
    ] {
        let block = spoil(block(&chain, &values, None));
        let checked = block
            .check(chain.rules(), signatures, &Sequential)
            .expect("a good body");
        assert_eq!(chain.clone().apply(checked, 0).err(), result);
    }
}
