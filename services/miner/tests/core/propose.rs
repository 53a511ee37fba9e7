//! Races, appends that fail, and what is read back.

use miner::core::{Note, Phase};

use crate::world::{Fate, World, settings};

fn three(world: &mut World) {
    for _ in 0..3 {
        world.send(0, "alice");
    }
}

#[test]
fn of_two_blocks_for_one_slice_the_first_wins_and_no_record_is_lost_or_doubled() {
    let mut world = World::new();
    let one = world.join(settings("one", &[0]));
    let two = world.join(settings("two", &[0]));
    world.run();
    // Both seal the same slice; the second is appended although the first is there already.
    world.miners[one].fate = Fate::Held;
    world.miners[two].fate = Fate::Held;
    three(&mut world);
    world.run();
    assert_eq!(world.miners[one].core.status().phase, Phase::Proposed);
    three(&mut world);
    for turn in 0..10 {
        let (first, second) = if turn % 2 == 0 {
            (one, two)
        } else {
            (two, one)
        };
        // Both appends are on their way before either is read.
        world.miners[first].deaf = true;
        world.miners[second].deaf = true;
        world.release(first);
        world.release(second);
        world.miners[first].fate = Fate::Held;
        world.miners[second].fate = Fate::Held;
        world.miners[first].deaf = false;
        world.miners[second].deaf = false;
        three(&mut world);
        world.run();
    }
    let judged = world.judge();
    let mut offsets: Vec<_> = judged.sealed().iter().map(|s| s.1).collect();
    let count = offsets.len();
    offsets.dedup();
    assert_eq!(
        offsets,
        (0..count as u64).collect::<Vec<_>>(),
        "each once, in order"
    );
    assert!(count >= 30, "{count}");
    assert!(judged.sealed().iter().all(|s| s.2 == "INCLUDED"));
    assert_eq!(judged.blocks().len(), 10);
    assert!(judged.refused.len() == 10 && judged.refused.iter().all(|r| *r == "STALE"));
    for miner in [one, two] {
        let status = world.miners[miner].core.status();
        assert_eq!((status.blocks_won, status.blocks_stale), (5, 5));
        let lost = |n: &&Note| matches!(n, Note::Lost { proposed: true, .. });
        assert_eq!(world.miners[miner].notes.iter().filter(lost).count(), 5);
    }
}

#[test]
fn a_tip_that_moves_cancels_the_sealing_and_the_next_begins_in_the_same_step() {
    let mut world = World::new();
    let slow = world.join(settings("slow", &[0]));
    let fast = world.join(settings("fast", &[0]));
    world.run();
    world.miners[slow].hold_seals = true;
    world.miners[fast].hold_seals = true;
    three(&mut world);
    world.run();
    three(&mut world);
    world.run();
    world.seal_now(fast);
    world.run();
    let node = &world.miners[slow];
    assert_eq!(node.cancels, 1);
    assert_eq!(node.seals.len(), 2);
    assert_eq!(
        (
            node.seals[1].header.height,
            node.seals[1].header.from_offset
        ),
        (2, 3)
    );
    assert_eq!(node.core.status().phase, Phase::Sealing);
    // A block elsewhere moves the tip as well.
    let other = world.join(settings("other", &[1]));
    for _ in 0..3 {
        world.send(1, "alice");
    }
    world.run();
    assert_eq!(world.miners[other].core.status().blocks_won, 1);
    assert_eq!(world.miners[slow].cancels, 2);
    assert_eq!(world.miners[slow].seals[2].header.height, 3);
}

#[test]
fn an_append_without_outcome_is_decided_by_reading() {
    // It landed: nothing is appended again.
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.miners[miner].fate = Fate::LandsUnknown;
    three(&mut world);
    world.pass(20_000);
    let judged = world.judge();
    assert_eq!((judged.blocks().len(), judged.refused.len()), (1, 0));
    assert_eq!(world.miners[miner].core.status().blocks_won, 1);
    // It did not: after a while it is proposed again.
    world.miners[miner].fate = Fate::LostUnknown;
    three(&mut world);
    world.pass(4_000);
    assert_eq!(world.judge().blocks().len(), 1);
    world.miners[miner].fate = Fate::Lands;
    world.pass(2_000);
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (0, 3, 6)]);
}

#[test]
fn a_copy_of_a_block_that_won_is_no_lost_race() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.run();
    three(&mut world);
    // The reader is slow, so that the block is proposed again.
    world.run();
    let copy = world.blockchain.records[&1].clone();
    world.blockchain.append(world.now_ms, copy.value, vec![]);
    world.pass(1_000);
    assert_eq!(world.judge().refused, ["STALE"]);
    let status = world.miners[miner].core.status();
    assert_eq!((status.blocks_won, status.blocks_stale), (1, 0));
}

#[test]
fn an_append_that_fails_is_tried_again_and_said_once() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.miners[miner].fate = Fate::Fails;
    three(&mut world);
    world.pass(30_000);
    let node = &world.miners[miner];
    let told = node
        .notes
        .iter()
        .filter(|n| matches!(n, Note::NotAppended { .. }));
    assert_eq!(told.count(), 1);
    assert_eq!(
        node.core.readiness().map_err(|cause| cause.reason.0),
        Err("LOG_UNAVAILABLE")
    );
    world.miners[miner].fate = Fate::Lands;
    world.pass(6_000);
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
    assert_eq!(world.miners[miner].core.readiness(), Ok(()));
}

#[test]
fn after_too_late_the_timestamp_is_the_parents_until_the_clocks_agree() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.log_behind_ms = 15_000;
    world.now_ms += 60_000;
    three(&mut world);
    world.run();
    let judged = world.judge();
    assert_eq!(judged.refused, ["TOO_LATE"]);
    assert_eq!(judged.blocks(), [(0, 0, 3)]);
    assert_eq!(
        judged.chain.tip().header.timestamp_ms,
        world.genesis.timestamp_ms
    );
    assert!(
        world.miners[miner]
            .notes
            .contains(&Note::TooLate { height: 1 })
    );
    three(&mut world);
    world.run();
    assert_eq!(world.judge().refused.len(), 1, "it has learnt");
    world.log_behind_ms = 100;
    three(&mut world);
    world.run();
    three(&mut world);
    world.run();
    let judged = world.judge();
    assert_eq!(judged.refused.len(), 1);
    assert_eq!(judged.chain.tip().header.timestamp_ms, world.now_ms);
}

#[test]
fn the_timestamp_is_never_before_the_parents() {
    let mut world = World::new();
    let ahead = world.join(settings("ahead", &[0]));
    world.now_ms += 5_000;
    three(&mut world);
    world.run();
    assert_eq!(world.miners[ahead].core.status().blocks_won, 1);
    let parent_ms = world.judge().chain.tip().header.timestamp_ms;
    world.now_ms -= 3_000;
    three(&mut world);
    world.run();
    let judged = world.judge();
    assert_eq!((judged.blocks().len(), judged.refused.len()), (2, 0));
    assert_eq!(judged.chain.tip().header.timestamp_ms, parent_ms);
}
