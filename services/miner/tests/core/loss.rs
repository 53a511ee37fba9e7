//! Holes, and logs that are not whole.

use miner::core::{End, Loss, Note};

use crate::world::{World, settings};

#[test]
fn a_hole_is_sealed_once_there_is_a_record_behind_it() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.send(0, "alice");
    world.transactions[0].end += 2;
    world.pass(5_000);
    assert_eq!(
        world.judge().blocks,
        [(0, 0, 1)],
        "the end may still be on its way"
    );
    world.send(0, "alice");
    world.pass(2_000);
    let judged = world.judge();
    assert_eq!(judged.blocks, [(0, 0, 1), (0, 1, 4)]);
    assert_eq!(judged.sealed, [(0, 0, "INCLUDED"), (0, 3, "INCLUDED")]);
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
    assert_eq!(world.judge().blocks, [(0, 0, 10), (0, 10, 20), (0, 20, 26)]);
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
    world.transactions[0].start = 6;
    world.transactions[0].records.retain(|r| r.offset >= 6);
    world.pass(500);
    assert!(world.miners[miner].ended.is_none(), "one look may lie");
    world.pass(10_000);
    assert_eq!(world.judge().blocks, [(0, 0, 3)]);
    let Some(End::Loss(loss)) = &world.miners[miner].ended else {
        panic!("{:?}", world.miners[miner].ended);
    };
    let expected = Loss::Start {
        topic: "transactions".into(),
        partition: 0,
        cursor: 3,
        start: 6,
    };
    assert_eq!(*loss, expected);
    assert!(loss.to_string().contains("DATA_LOSS"));
}

#[test]
fn a_log_that_ends_below_the_cursor_is_data_loss() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    world.transactions[0].end = 1;
    world.transactions[0].records.truncate(1);
    world.pass(10_000);
    let Some(End::Loss(loss)) = &world.miners[miner].ended else {
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
        Some(End::Loss(Loss::End { end: 0, .. }))
    ));
}

#[test]
fn a_loss_elsewhere_is_said_once_and_stops_nothing() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.transactions[1].start = 5;
    world.transactions[1].end = 5;
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
    assert_eq!(world.judge().blocks, [(0, 0, 3)]);
}
