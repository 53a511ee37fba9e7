//! Holes, and logs that are not whole.

use follow::partition::Loss;
use miner::core::{End, Input, Note};

use crate::world::{Fate, World, settings};

#[test]
fn a_hole_is_sealed_once_there_is_a_record_behind_it() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.send(0, "alice");
    world.transactions[0].end += 2;
    world.pass(5_000);
    assert_eq!(
        world.judge().blocks(),
        [(0, 0, 1)],
        "the end may still be on its way"
    );
    world.send(0, "alice");
    world.pass(2_000);
    let judged = world.judge();
    assert_eq!(judged.blocks(), [(0, 0, 1), (0, 1, 4)]);
    assert_eq!(judged.sealed(), [(0, 0, "INCLUDED"), (0, 3, "INCLUDED")]);
}

#[test]
fn holes_longer_than_a_block_are_sealed_in_pieces() {
    let mut genesis = World::new().genesis;
    genesis.max_block_records = 10;
    let mut world = World::with(genesis);
    world.join(settings("miner", &[0]));
    world.transactions[0].end = 25;
    world.send(0, "alice");
    world.pass(3_000);
    assert_eq!(
        world.judge().blocks(),
        [(0, 0, 10), (0, 10, 20), (0, 20, 26)]
    );
}

#[test]
fn a_log_that_begins_above_the_cursor_is_no_hole() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    for _ in 0..6 {
        world.send(0, "alice");
    }
    world.transactions[0].prune(6);
    world.pass(500);
    assert!(world.miners[miner].ended.is_none(), "one look may lie");
    world.pass(10_000);
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
    let Some(Err(End::Loss(loss))) = &world.miners[miner].ended else {
        panic!("{:?}", world.miners[miner].ended);
    };
    let expected = Loss::Start {
        topic: "transactions".into(),
        partition: 0,
        cursor: 3,
        start: 6,
    };
    assert_eq!(*loss, expected);
    let told = End::Loss(loss.clone()).to_string();
    assert!(told.contains("DATA_LOSS"), "{told}");
}

#[test]
fn a_log_that_ends_below_the_cursor_is_data_loss() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    world.transactions[0].cut(1);
    world.pass(10_000);
    let Some(Err(End::Loss(loss))) = &world.miners[miner].ended else {
        panic!("{:?}", world.miners[miner].ended);
    };
    let expected = Loss::End {
        topic: "transactions".into(),
        partition: 0,
        cursor: 3,
        end: 1,
    };
    assert_eq!(*loss, expected);
    assert!(loss.to_string().contains("blocklog topic pad"));
}

#[test]
fn a_topic_that_is_deleted_and_comes_back_empty_is_data_loss() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    let deleted = miner::core::Input::Transactions {
        partition: 0,
        generation: world.generation(miner, 0),
        event: journal::TailEvent::Lost(journal::Error::NoTopic("transactions".into())),
    };
    world.step(miner, deleted);
    assert!(world.miners[miner].ended.is_none());
    let cause = world.miners[miner].core.readiness().unwrap_err();
    assert_eq!(cause.reason.0, "LOG_UNAVAILABLE");
    assert!(cause.message.contains("transactions"), "{cause:?}");
    world.transactions[0] = Default::default();
    world.pass(10_000);
    assert!(matches!(
        world.miners[miner].ended,
        Some(Err(End::Loss(Loss::End { cursor: 3, .. })))
    ));
}

#[test]
fn a_loss_at_the_start_is_noticed_by_a_miner_that_comes_later() {
    let mut world = World::new();
    world.join(settings("first", &[0]));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    world.miners.clear();
    world.transactions[0] = Default::default();
    let late = world.join(settings("late", &[0]));
    world.pass(10_000);
    assert!(matches!(
        world.miners[late].ended,
        Some(Err(End::Loss(Loss::End { end: 0, .. })))
    ));
}

#[test]
fn a_loss_elsewhere_is_said_once_and_stops_nothing() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.transactions[1].prune(5);
    world.pass(60_000);
    let node = &world.miners[miner];
    assert!(node.ended.is_none());
    let told = node
        .notes
        .iter()
        .filter(|n| matches!(n, Note::ForeignLoss(_)));
    assert_eq!(told.count(), 1);
    assert_eq!(node.core.readiness(), Ok(()));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
}

/// How often a miner said that a partition has lost its end.
fn cuts(world: &World) -> usize {
    let notes = world.miners[0].notes.iter();
    notes.filter(|note| matches!(note, Note::Cut(_))).count()
}

/// A world with a miner in which a single record waits for five seconds.
fn patient() -> World {
    let mut world = World::new();
    let mut settings = settings("miner", &[0]);
    settings.block_age_ms = 5_000;
    world.join(settings);
    world.run();
    world
}

/// The records that the log holds are sealed, each once and at its offset, and nothing else is.
fn assert_sealed(world: &World) {
    let expected: Vec<_> = world.transactions[0]
        .records
        .values()
        .map(|r| r.value.clone())
        .collect();
    let judged = world.judge();
    let blocks = judged.accepted[1..].iter();
    let values = blocks.flat_map(|it| it.block.records().iter().map(|it| it.bytes().clone()));
    assert_eq!(values.collect::<Vec<_>>(), expected);
    assert!(
        judged
            .sealed()
            .iter()
            .all(|(_, _, verdict)| *verdict == "INCLUDED")
    );
    assert_eq!(world.miners[0].core.readiness(), Ok(()));
}

#[test]
fn what_was_read_and_is_gone_is_not_sealed_over_what_came_after_it() {
    for count in 1..=4 {
        let mut world = patient();
        for _ in 0..2 {
            world.send(0, "alice");
        }
        world.pass(1_500);
        // Cut to one record and grown again: shorter, as long as before, longer.
        world.regrow(1, count - 1);
        world.pass(10_000);
        assert_sealed(&world);
        assert_eq!(cuts(&world), 1, "{count}");
    }
}

#[test]
fn the_loss_is_told_with_what_had_been_read_and_what_is_sealed() {
    let mut world = patient();
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.pass(2_000);
    for _ in 0..2 {
        world.send(0, "alice");
    }
    world.pass(1_500);
    world.regrow(4, 1);
    world.pass(12_000);
    let cut = world.miners[0].notes.iter().find_map(|note| match note {
        Note::Cut(cut) => Some(cut.to_string()),
        _ => None,
    });
    let cut = cut.expect("it is told");
    for word in ["transactions/0", "offset 5", "below 3", "ends at 5"] {
        assert!(cut.contains(word), "{word}: {cut}");
    }
    assert_sealed(&world);
}

#[test]
fn a_block_that_is_being_sealed_is_dropped_with_what_it_holds() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.miners[miner].hold_seals = true;
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    assert_eq!(world.miners[miner].seals.len(), 1);
    world.regrow(0, 3);
    world.pass(6_000);
    assert_eq!(world.miners[miner].cancels, 1);
    world.miners[miner].hold_seals = false;
    world.pass(1_000);
    assert_sealed(&world);
}

#[test]
fn a_block_that_took_long_to_seal_or_to_append_is_compared_once_more() {
    for fate in [Fate::Lands, Fate::Fails] {
        let mut world = World::new();
        let miner = world.join(settings("miner", &[0]));
        world.miners[miner].hold_seals = fate == Fate::Lands;
        world.miners[miner].fate = fate;
        for _ in 0..3 {
            world.send(0, "alice");
        }
        world.pass(4_000);
        world.regrow(0, 3);
        world.miners[miner].hold_seals = false;
        world.miners[miner].fate = Fate::Lands;
        world.pass(10_000);
        assert_sealed(&world);
    }
}

#[test]
fn after_trouble_nothing_is_sealed_before_it_is_compared() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    for _ in 0..2 {
        world.send(0, "alice");
    }
    world.pass(500);
    world.regrow(0, 2);
    let generation = world.generation(miner, 0);
    let error = journal::Error::Unavailable("no broker".into());
    for event in [
        journal::TailEvent::Unavailable(error),
        journal::TailEvent::Available,
    ] {
        let input = Input::Transactions {
            partition: 0,
            generation,
            event,
        };
        world.step(miner, input);
    }
    world.pass(5_000);
    assert_sealed(&world);
}

#[test]
fn comparisons_are_few_and_delay_nothing() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.pass(30_000);
    assert_eq!(world.miners[miner].compared, 0, "nothing was read");
    // Records that come all the time vouch for each other.
    for _ in 0..100 {
        for _ in 0..3 {
            world.send(0, "alice");
        }
        world.pass(100);
    }
    assert_eq!(world.judge().blocks().len(), 100);
    assert!(
        world.miners[miner].compared <= 3,
        "{}",
        world.miners[miner].compared
    );
    // One that waits is compared ahead, so that it waits no longer than the block age.
    world.pass(2_500);
    world.send(0, "alice");
    world.pass(950);
    assert_eq!(world.judge().blocks().len(), 100);
    world.pass(50);
    assert_eq!(world.judge().blocks().len(), 101);
}
