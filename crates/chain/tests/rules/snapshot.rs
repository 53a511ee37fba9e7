//! Snapshots: a chain in few bytes, read back as the same chain, or not at all.

use chain::testing::{self, CHECK, NOW_MS, name, secret};
use chain::{Chain, Draft, Genesis, Slot, record};

fn chain() -> Chain {
    testing::Grower::new(&Genesis {
        timestamp_ms: 0,
        target_block_ms: 1000,
        ..testing::genesis("snapshot")
    })
    .chain
}

/// Applies a block in which alice pays bob, half a second after its parent.
fn advance(chain: &mut Chain, nonce: u64) {
    let transaction = testing::transfer(&name("alice"), &name("bob"), 1, nonce);
    let record = record::check(transaction.encode(), chain.rules());
    let draft = Draft {
        partition: 1,
        slots: vec![Slot::Record(record)],
        miner: name("m"),
        timestamp_ms: nonce * 500,
    };
    let template = chain.assemble(draft).expect("there is something to seal");
    let value = testing::seal(&template, &secret(1));
    testing::judge(chain, value, NOW_MS, CHECK).expect("a good block");
}

#[test]
fn a_chain_read_back_goes_on_as_if_nothing_had_happened() {
    let mut chain = chain();
    (1..5).for_each(|nonce| advance(&mut chain, nonce));
    let bytes = postcard::to_allocvec(&chain).expect("a chain can be written");
    let mut again: Chain = postcard::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(again.supply(), chain.supply());
    assert_eq!(again.rules(), chain.rules());
    for _ in 0..2 {
        let next = chain
            .account(&"alice".parse().expect("a name"))
            .expect("she has sent")
            .nonce
            + 1;
        advance(&mut chain, next);
        advance(&mut again, next);
        assert_eq!(again.tip(), chain.tip());
        assert_eq!(again.next_bits(), chain.next_bits());
    }
    let both = [&chain, &again].map(|chain| postcard::to_allocvec(chain).expect("as above"));
    assert_eq!(both[0], both[1]);
}

#[test]
fn parts_that_do_not_fit_each_other_are_refused() {
    let chain = chain();
    let good = serde_json::to_value(&chain).expect("a chain can be written");
    assert!(serde_json::from_value::<Chain>(good.clone()).is_ok());
    let spoilers: [fn(&mut serde_json::Value); 6] = [
        |it| it["genesis"] = serde_json::json!([1, 2]),
        |it| it["cursors"] = serde_json::json!([0]),
        |it| it["parent_timestamp_ms"] = serde_json::json!(1),
        |it| it["frontier"]["size"] = serde_json::json!(1),
        |it| it["frontier"]["peaks"] = serde_json::json!([]),
        |it| {
            let twice = it["accounts"][0].clone();
            it["accounts"].as_array_mut().expect("a list").push(twice);
        },
    ];
    for (i, spoil) in spoilers.iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(serde_json::from_value::<Chain>(bad).is_err(), "{i}");
    }
}

#[test]
fn no_byte_of_a_snapshot_makes_the_reader_panic() {
    let mut chain = chain();
    advance(&mut chain, 1);
    let bytes = postcard::to_allocvec(&chain).expect("a chain can be written");
    for i in 0..bytes.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = bytes.clone();
            bad[i] = byte;
            let _ = postcard::from_bytes::<Chain>(&bad);
        }
        let _ = postcard::from_bytes::<Chain>(&bytes[..i]);
    }
}
