//! Which candidates are accepted, and in which order.

use bytes::Bytes;
use chain::testing::{Grower, name};
use follow::{Event, Fatal, Lag, Settings};

use crate::forge::{self, apply, forged, seal};
use crate::stand::{Stand, settings};

#[test]
fn the_first_valid_child_wins_and_the_others_are_stale() {
    let (mut forge, zero) = forge::new("race");
    let records = [forge.payment("shop", 1).encode()];
    let (first, second) = (
        seal(&forge, "anna", &records),
        seal(&forge, "bert", &records),
    );
    let stand = Stand::after(&[zero.clone(), first.clone(), second, first, zero]);

    assert_eq!(stand.accepted().len(), 2);
    assert_eq!(stand.accepted()[1].block.header().miner, Some(name("anna")));
    assert_eq!(stand.refused(), [(2, "STALE"), (3, "STALE"), (4, "STALE")]);
    let claims = stand.events.iter().find_map(|event| match event {
        Event::Refused(refused) => refused.claims.clone(),
        _ => None,
    });
    assert_eq!(claims.unwrap().header.miner, Some(name("bert")));
    assert!(stand.core.caught_up() && stand.core.usable());
    assert_eq!(
        stand.core.lag(),
        Lag {
            next_offset: 5,
            end: 5
        }
    );
}

#[test]
fn junk_is_refused_by_name_and_never_stops_the_core() {
    let (mut forge, zero) = forge::new("junk");
    let (_, other) = Grower::grown("other", 1, 1);
    let one = forge.mine(2);
    let mut torn = one.to_vec();
    torn.pop();
    let log = [
        Bytes::new(),
        Bytes::from_static(b"junk"),
        one.clone(),
        zero,
        Bytes::from_static(b"junk"),
        other[0].clone(),
        other[1].clone(),
        torn.into(),
        one,
    ];
    let stand = Stand::after(&log);
    assert_eq!(
        stand.refused(),
        [
            (0, "NOT_BLOCK_ZERO"),
            (1, "NOT_BLOCK_ZERO"),
            (2, "NOT_BLOCK_ZERO"),
            (4, "UNDECODABLE"),
            (5, "STALE"),
            (6, "STALE"),
            (7, "UNDECODABLE"),
        ]
    );
    assert_eq!(stand.tip(), forge.tip());
    assert!(stand.fatal().is_none());
}

#[test]
fn another_chain_than_the_expected_one_is_the_end() {
    let (forge, zero) = forge::new("mine");
    let (_, log) = Grower::grown("theirs", 2, 1);
    let mut stand = Stand::new(
        Settings {
            expected: Some(forge.chain_id()),
            ..settings()
        },
        None,
        &log,
    );
    stand.run();
    let Some(Fatal::WrongChain { expected, found }) = stand.fatal() else {
        panic!("{:?}", stand.events);
    };
    assert_eq!(*expected, forge.chain_id());
    assert_ne!(*found, forge.chain_id());
    assert!(stand.accepted().is_empty());
    assert!(stand.core.chain().is_none());
    drop(zero);
}

#[test]
fn checks_run_ahead_and_come_back_in_any_order() {
    let (forge, log) = Grower::grown("pipeline", 150, 2);
    for seed in 0..10 {
        let mut stand = Stand::new(settings(), None, &log).seeded(seed);
        stand.run();
        assert_eq!(stand.tip(), forge.tip());
        let heights: Vec<u64> = stand
            .accepted()
            .iter()
            .map(|block| block.height())
            .collect();
        assert_eq!(heights, (0..=150).collect::<Vec<u64>>());
        assert!(stand.refused().is_empty());
        assert!(stand.most_checks > 10, "{} at once", stand.most_checks);
        assert!(stand.most_checks <= 65, "{} at once", stand.most_checks);
    }
}

#[test]
fn losers_junk_and_holes_between_do_not_end_the_path() {
    let (mut forge, zero) = forge::new("losers");
    let mut log = vec![zero];
    for _ in 0..40 {
        let records = [forge.payment("shop", 1).encode()];
        let loser = seal(&forge, "late", &records);
        log.push(forge.mine_slots(forge.slots(records.clone())));
        log.push(loser);
        log.push(Bytes::from_static(b"junk"));
    }
    for seed in 0..5 {
        let mut stand = Stand::new(settings(), None, &log).seeded(seed);
        stand.log.insert(2, None);
        stand.log.push(None);
        stand.run();
        assert_eq!(stand.tip(), forge.tip());
        assert_eq!(stand.refused().len(), 80);
        assert!(stand.most_checks > 5, "{} at once", stand.most_checks);
        assert_eq!(stand.core.next_offset(), stand.log.len() as u64);
        assert!(stand.core.caught_up());
    }
}

/// Work buys a wrong guess at the path; what comes of it is right all the same.
#[test]
fn a_worked_block_with_a_bad_body_misleads_the_path_only() {
    let (mut forge, zero) = forge::new("misled");
    let forged = forged(&mut forge);
    let mut below = forge.clone();
    let mut log = vec![zero, forged.clone()];
    // Children of the forged block, as one who believes it would make them.
    apply(&mut below, &forged);
    log.extend((0..5).map(|_| below.mine(1)));
    log.extend((0..5).map(|_| forge.mine(1)));
    for seed in 0..10 {
        let mut stand = Stand::new(settings(), None, &log).seeded(seed);
        stand.run();
        let mut refused = vec![(1, "BAD_VERDICT")];
        refused.extend((2..7).map(|offset| (offset, "STALE")));
        assert_eq!(stand.refused(), refused);
        assert_eq!(stand.tip(), forge.tip());
    }
}

#[test]
fn an_unknown_version_stops_the_chain_and_not_the_core() {
    let (mut forge, zero) = forge::new("stopped");
    let order = [forge.order("version 2").encode()];
    let rival = seal(&forge, "bert", &order);
    let log = [
        zero,
        forge.mine_slots(forge.slots(order.clone())),
        Bytes::from_static(b"x"),
        rival,
    ];
    let mut stand = Stand::after(&log);
    assert_eq!(stand.refused(), [(2, "STOPPED"), (3, "STOPPED")]);
    assert_eq!(
        stand.count(|event| matches!(event, Event::Stopped { version: 2 })),
        1
    );
    assert_eq!(stand.core.stopped(), Some(2));
    assert!(stand.core.caught_up() && stand.core.usable());
    stand.append(&Bytes::from_static(b"y"));
    stand.run();
    assert_eq!(stand.refused().len(), 3);
    assert_eq!(
        stand.count(|event| matches!(event, Event::Stopped { .. })),
        1
    );
}

#[test]
fn records_that_were_learnt_are_not_checked_again() {
    let (mut forge, zero) = forge::new("learnt");
    let forged = forged(&mut forge);
    let mut stand = Stand::after(&[zero]);
    // A lie, to see that it is believed.
    let bad = forge.chain.frame(forged.clone()).unwrap();
    let records = bad
        .check(
            forge.chain.rules(),
            chain::record::Signatures::Assume,
            &chain::parallel::Sequential,
        )
        .unwrap();
    stand.core.learn(records.records()[0].hash());
    stand.append(&forged);
    stand.run();
    assert_eq!(stand.accepted().len(), 2);
}

#[test]
fn falling_behind_is_told_after_a_moment_and_catching_up_again() {
    let (mut forge, zero) = forge::new("behind");
    let mut stand = Stand::after(&[zero]);
    assert!(matches!(
        stand.events[..],
        [Event::Behind(_), Event::Accepted { .. }, Event::CaughtUp(_)]
    ));
    stand.append(&forge.mine(1));
    stand.run();
    assert_eq!(
        stand.count(|event| matches!(event, Event::CaughtUp(_))),
        1,
        "a block is no lag"
    );
    stand.append(&forge.mine(1));
    stand.append(&forge.mine(1));
    while stand.core.lag().records() == 0 {
        assert!(stand.tick());
    }
    stand.now.elapsed_ms += 10_000;
    stand.run();
    assert_eq!(stand.core.lag().records(), 0);
    assert_eq!(stand.count(|event| matches!(event, Event::Behind(_))), 2);
    assert_eq!(stand.count(|event| matches!(event, Event::CaughtUp(_))), 2);
}

/// Everything that waits does so on the monotonic clock.
#[test]
fn a_wall_clock_that_steps_holds_nothing_up() {
    const HOUR_US: u64 = 3_600_000_000;
    let run = |wall_clock: [u64; 3]| {
        let (mut forge, zero) = forge::new("clock");
        let mut stand = Stand::after(&[zero]);
        for hour in wall_clock {
            stand.now.wall_us = hour * HOUR_US;
            stand.append(&forge.mine(1));
            stand.append(&forge.mine(1));
            while stand.core.lag().records() == 0 {
                assert!(stand.tick());
            }
            stand.now.elapsed_ms += 40_000;
            stand.run();
        }
        assert_eq!(stand.tip(), forge.tip());
        let behind = stand.count(|event| matches!(event, Event::Behind(_)));
        let caught_up = stand.count(|event| matches!(event, Event::CaughtUp(_)));
        (stand.comparisons, behind, caught_up)
    };
    let steady = run([10, 10, 10]);
    assert!(steady.0 > 2, "the topic is compared again and again");
    assert_eq!((steady.1, steady.2), (4, 4));
    for stepping in [[10, 9, 9], [10, 11, 11], [10, 0, 1_000_000]] {
        assert_eq!(run(stepping), steady);
    }
}

/// The same inputs give the same outputs: nothing here depends on addresses, time or hash seeds.
#[test]
fn a_run_can_be_repeated() {
    let (_, log) = Grower::grown("again", 60, 1);
    let trace = || {
        let mut stand = Stand::new(settings(), None, &log).seeded(99);
        let mut trace = Vec::new();
        while stand.tick() {
            trace.push((stand.events.len(), stand.core.next_offset()));
        }
        trace
    };
    assert_eq!(trace(), trace());
}
