//! Logs that lost or changed what was read of them.

use bytes::Bytes;
use chain::Hash;
use chain::testing::Grower;
use engine::{Core as _, Now};
use follow::{Event, Fatal, Input, Snapshot};
use journal::TailEvent;
use topics::DataLoss;

use crate::snapshot::through_a_file;
use crate::stand::{Stand, settings};

fn loss(stand: &Stand) -> &DataLoss {
    match stand.fatal() {
        Some(Fatal::DataLoss(loss)) => loss,
        other => panic!("{other:?}, {:?}", stand.events),
    }
}

/// A log of six records, and the snapshot after them.
fn read() -> (Grower, Vec<Bytes>, Snapshot) {
    let (forge, log) = Grower::grown("loss", 5, 1);
    let snapshot = through_a_file(&Stand::after(&log).core);
    (forge, log, snapshot)
}

#[test]
fn a_restart_goes_on_where_the_snapshot_is() {
    let (mut forge, mut log, snapshot) = read();
    log.push(forge.mine(1));
    let mut stand = Stand::new(settings(), Some(snapshot), &log);
    assert!(stand.core.usable() && !stand.core.caught_up());
    stand.run();
    assert_eq!(
        stand.accepted().len(),
        1,
        "what is in the snapshot is not told again"
    );
    assert_eq!(stand.tip(), forge.tip());
    assert!(stand.core.caught_up());
}

#[test]
fn a_log_cut_below_the_snapshot_is_named() {
    let (_, log, snapshot) = read();
    let mut stand = Stand::new(settings(), Some(snapshot), &log[..5]);
    stand.run();
    let loss = loss(&stand);
    assert_eq!(
        (loss.topic.as_str(), loss.partition, loss.offset),
        ("blockchain", 0, 6)
    );
    assert_eq!(loss.found, "one from 0 to 5");
    assert!(stand.accepted().is_empty());
}

#[test]
fn a_rewritten_log_is_named_with_both_hashes() {
    let (mut forge, mut log, snapshot) = read();
    let before = Hash::of(&log[5]);
    log[5] = forge.mine(1);
    log.push(forge.mine(1));
    let mut stand = Stand::new(settings(), Some(snapshot), &log);
    stand.run();
    let loss = loss(&stand);
    assert_eq!(loss.offset, 5);
    assert!(loss.expected.contains(&before.to_string()), "{loss}");
    assert!(
        loss.found.contains(&Hash::of(&log[5]).to_string()),
        "{loss}"
    );
    // Nothing moves it any more.
    stand.append(&forge.mine(1));
    stand.run();
    assert!(stand.accepted().is_empty());
}

#[test]
fn a_hole_where_a_record_was_is_a_loss() {
    let (_, log, snapshot) = read();
    let mut stand = Stand::new(settings(), Some(snapshot), &log);
    stand.log[5] = None;
    stand.run();
    assert_eq!(loss(&stand).found, "no record");
}

#[test]
fn a_log_that_begins_above_what_was_read_is_a_loss() {
    let (mut forge, mut log, snapshot) = read();
    log.extend((0..3).map(|_| forge.mine(1)));
    let mut stand = Stand::new(settings(), Some(snapshot), &log);
    stand.start = 7;
    stand.run();
    assert_eq!(loss(&stand).offset, 6);

    let mut fresh = Stand::new(settings(), None, &log);
    fresh.start = 1;
    fresh.run();
    assert_eq!(loss(&fresh).offset, 0);
    assert!(loss(&fresh).expected.contains("snapshot"));
}

#[test]
fn a_log_may_drop_what_the_snapshot_covers() {
    let (mut forge, mut log, snapshot) = read();
    log.push(forge.mine(1));
    let mut stand = Stand::new(settings(), Some(snapshot), &log);
    stand.start = 6;
    stand.run();
    assert_eq!(stand.tip(), forge.tip());
}

#[test]
fn a_reconnect_compares_and_reads_on_without_repeating_anything() {
    for seed in 0..20 {
        let (forge, log) = Grower::grown("reconnect", 30, 1);
        let mut stand = Stand::new(settings(), None, &log).seeded(seed);
        while stand.core.next_offset() < 3 + seed {
            assert!(stand.tick());
        }
        stand.reconnect();
        stand.run();
        let heights: Vec<u64> = stand
            .accepted()
            .iter()
            .map(|block| block.height())
            .collect();
        assert_eq!(heights, (0..=30).collect::<Vec<u64>>());
        assert_eq!(stand.tip(), forge.tip());
        assert!(stand.refused().is_empty());
        assert_eq!(
            stand.count(|event| matches!(event, Event::Unavailable(_))),
            1
        );
        assert_eq!(stand.count(|event| matches!(event, Event::Available)), 1);
    }
}

#[test]
fn a_log_rewritten_during_an_outage_is_noticed() {
    let (mut forge, log, _) = read();
    let mut stand = Stand::after(&log);
    stand.log[5] = Some(forge.mine(1));
    stand.reconnect();
    stand.run();
    assert_eq!(loss(&stand).offset, 5);
}

#[test]
fn a_log_rewritten_behind_the_readers_back_is_noticed_in_time() {
    let (mut forge, log, _) = read();
    let mut stand = Stand::after(&log);
    stand.log[5] = Some(forge.mine(1));
    stand.append(&forge.mine(1));
    stand.run();
    assert!(stand.fatal().is_none());
    stand.now.elapsed_ms += 60_000;
    stand.log[6] = Some(Bytes::from_static(b"rewritten"));
    stand.append(&forge.mine(1));
    stand.run();
    assert_eq!(loss(&stand).offset, 6);
}

#[test]
fn a_reader_that_is_outside_the_log_is_a_loss() {
    let (_, log, _) = read();
    let mut stand = Stand::after(&log);
    let lost = journal::Error::OutOfRange {
        topic: "blockchain".into(),
        partition: 0,
        offset: 6,
        start: 0,
        end: 2,
    };
    let mut out = Vec::new();
    // The second generation: the first reader after the comparison at the start.
    stand.core.step(
        Now::default(),
        Input::Tail {
            generation: 1,
            event: TailEvent::Lost(lost),
        },
        &mut out,
    );
    let follow::Output::Event(event) = out.pop().unwrap() else {
        panic!("{out:?}");
    };
    stand.events.push(event);
    assert_eq!(loss(&stand).found, "one from 0 to 2");
}
