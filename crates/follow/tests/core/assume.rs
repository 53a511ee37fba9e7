//! Signatures taken on trust on the way to a block, and no further.

use bytes::Bytes;
use chain::Hash;
use chain::testing::Grower;
use follow::{Event, Settings};

use crate::forge::{self, apply, forged};
use crate::stand::{Stand, settings};

fn trusting(hash: Hash, log: &[Bytes]) -> Stand {
    let settings = Settings {
        assume_valid: Some(hash),
        ..settings()
    };
    Stand::new(settings, None, log)
}

fn restarts(stand: &Stand) -> usize {
    stand.count(|event| matches!(event, Event::Restarted))
}

/// A log in which block 2 carries a forged signature, and its hash at each height.
fn forged_log() -> (Grower, Vec<Bytes>, Vec<Hash>) {
    let (mut forge, zero) = forge::new("trust");
    let mut log = vec![zero, forge.mine(1)];
    let mut hashes = vec![forge.chain_id(), forge.tip()];
    let forged = forged(&mut forge);
    apply(&mut forge, &forged);
    log.push(forged);
    hashes.push(forge.tip());
    for _ in 0..3 {
        log.push(forge.mine(1));
        hashes.push(forge.tip());
    }
    (forge, log, hashes)
}

#[test]
fn nothing_is_usable_before_the_trusted_block_and_everything_after() {
    let (_, log, hashes) = forged_log();
    for seed in 0..10 {
        let mut stand = trusting(hashes[4], &log).seeded(seed);
        while stand.tick() {
            let height = stand.core.chain().map_or(0, |chain| chain.tip().height());
            assert_eq!(stand.core.usable(), height >= 4);
            assert_eq!(stand.core.snapshot().is_some(), height >= 4);
        }
        assert_eq!(stand.accepted().len(), 6);
        assert!(stand.core.caught_up());
        assert_eq!(restarts(&stand), 0);
    }
}

#[test]
fn signatures_behind_the_trusted_block_are_checked() {
    let (_, log, hashes) = forged_log();
    for seed in 0..10 {
        let mut stand = trusting(hashes[1], &log).seeded(seed);
        stand.run();
        assert_eq!(stand.refused()[0], (2, "BAD_VERDICT"));
        assert_eq!(stand.tip(), hashes[1]);
        assert!(stand.core.usable());
        assert_eq!(restarts(&stand), 0);
    }
}

#[test]
fn a_topic_that_ends_before_the_trusted_block_is_replayed_with_every_signature() {
    let (_, log, hashes) = forged_log();
    for seed in 0..10 {
        let mut stand = trusting(Hash::of(b"elsewhere"), &log).seeded(seed);
        stand.run();
        assert_eq!(restarts(&stand), 1);
        let restarted = (stand.events.iter())
            .position(|event| matches!(event, Event::Restarted))
            .unwrap();
        assert!(
            !stand.events[..restarted]
                .iter()
                .any(|event| matches!(event, Event::CaughtUp(_)))
        );
        assert_eq!(stand.tip(), hashes[1]);
        assert_eq!(stand.refused()[0], (2, "BAD_VERDICT"));
        assert!(stand.core.usable() && stand.core.caught_up());
        assert_eq!(stand.core.next_offset(), log.len() as u64);
    }
}

/// A forged block may lead astray from the chain that holds the trusted one: then that one is refused.
#[test]
fn a_trusted_block_that_is_refused_is_replayed_with_every_signature() {
    let (mut forge, zero) = forge::new("astray");
    let forged = forged(&mut forge);
    let mut log = vec![zero, forged];
    log.extend((0..3).map(|_| forge.mine(1)));
    for seed in 0..10 {
        let mut stand = trusting(forge.tip(), &log).seeded(seed);
        stand.run();
        assert_eq!(restarts(&stand), 1);
        assert_eq!(stand.tip(), forge.tip());
        assert!(stand.core.usable());
    }
}

#[test]
fn an_empty_topic_has_nothing_to_be_trusted() {
    let (mut forge, zero) = forge::new("empty");
    let mut stand = trusting(Hash::of(b"elsewhere"), &[]);
    stand.run();
    assert!(stand.core.caught_up() && !stand.core.usable());
    stand.append(&zero);
    stand.append(&forge.mine(1));
    stand.run();
    assert!(stand.core.usable());
    assert_eq!(restarts(&stand), 0);
}

#[test]
fn block_zero_can_be_the_trusted_block() {
    let (forge, log) = Grower::grown("zero", 2, 1);
    let mut stand = trusting(forge.chain_id(), &log);
    stand.run();
    assert!(stand.core.usable());
    assert_eq!(restarts(&stand), 0);
}
