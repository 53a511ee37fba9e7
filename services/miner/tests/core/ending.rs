//! The end of a miner, and the snapshots that it leaves for the next one.

use engine::{Core as _, Signal};
use miner::core::{End, Note, Phase};

use crate::world::{Fate, World, settings};

/// A world with a miner that has three records to seal.
fn busy(prepare: impl FnOnce(&mut World)) -> World {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    prepare(&mut world);
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    world
}

fn stop(world: &mut World) {
    world.step(0, Signal::Stop.into());
}

fn has_ended(world: &World) -> bool {
    matches!(world.miners[0].ended, Some(Ok(())))
}

#[test]
fn a_sealing_is_cancelled_and_nothing_is_waited_for() {
    let mut world = busy(|world| world.miners[0].hold_seals = true);
    stop(&mut world);
    assert_eq!(world.miners[0].cancels, 1);
    assert!(has_ended(&world));
    world.miners[0].hold_seals = false;
    world.pass(60_000);
    assert!(world.judge().blocks().is_empty());
}

#[test]
fn a_block_in_flight_is_waited_for() {
    let mut world = busy(|world| world.miners[0].fate = Fate::Held);
    assert_eq!(world.miners[0].core.status().phase, Phase::Proposed);
    stop(&mut world);
    world.pass(2_900);
    assert!(!has_ended(&world));
    world.release(0);
    assert!(has_ended(&world));
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
    assert!(!world.miners[0].notes.contains(&Note::InFlight));
}

#[test]
fn a_block_in_flight_is_not_waited_for_longer_than_three_seconds() {
    let mut world = busy(|world| world.miners[0].fate = Fate::Held);
    stop(&mut world);
    assert_eq!(
        world.miners[0].core.wake_ms(),
        Some(world.elapsed_ms + 3_000)
    );
    world.pass(3_000);
    assert!(has_ended(&world));
    assert!(world.miners[0].notes.contains(&Note::InFlight));
}

#[test]
fn what_ends_a_miner_is_its_reason_also_when_it_is_stopped_meanwhile() {
    let mut world = busy(|world| world.miners[0].fate = Fate::Held);
    let generation = world.generation(0, 0);
    let lost = miner::core::Input::Transactions {
        partition: 0,
        generation,
        event: journal::TailEvent::Lost(journal::Error::NoPartition {
            topic: "transactions".into(),
            partition: 0,
            partitions: 0,
        }),
    };
    world.step(0, lost);
    assert!(world.miners[0].ended.is_none());
    stop(&mut world);
    world.pass(3_000);
    assert!(matches!(
        world.miners[0].ended,
        Some(Err(End::Journal(journal::Error::NoPartition { .. })))
    ));
}

#[test]
fn snapshots_are_kept_when_there_is_news_and_at_the_end() {
    let mut world = World::new();
    let mut settings = settings("miner", &[0]);
    settings.keeps_snapshots = true;
    world.join(settings);
    world.run();
    let kept = |world: &World| world.miners[0].kept.len();
    world.pass(4_950);
    assert_eq!(kept(&world), 0);
    world.pass(50);
    assert_eq!(kept(&world), 1, "the chain has been read");
    world.pass(60_000);
    assert_eq!(kept(&world), 1, "nothing is new");
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.pass(30_000);
    assert_eq!(kept(&world), 2);
    stop(&mut world);
    assert_eq!(kept(&world), 2, "nothing is new");
}

#[test]
fn a_snapshot_is_kept_at_the_end_and_never_without_a_place_for_it() {
    for (keeps_snapshots, count) in [(true, 1), (false, 0)] {
        let mut world = World::new();
        let mut settings = settings("miner", &[0]);
        settings.keeps_snapshots = keeps_snapshots;
        world.join(settings);
        world.run();
        stop(&mut world);
        world.pass(60_000);
        assert!(has_ended(&world));
        assert_eq!(world.miners[0].kept.len(), count);
    }
}
