//! The wall clock is stepped by an hour, back or forth, while a miner waits for something: nothing stalls, and nothing is lost.

use bytes::Bytes;
use miner::core::{End, Note};

use crate::world::{Fate, World, settings};

const HOUR_MS: i64 = 3_600_000;

/// Runs a story in worlds whose miner has its clock stepped in the middle.
fn stepped(before: impl Fn(&mut World), after: impl Fn(&mut World)) {
    for step_ms in [-HOUR_MS, HOUR_MS] {
        let mut world = World::new();
        world.join(settings("miner", &[0]));
        world.pass(500);
        before(&mut world);
        world.step_ms = step_ms;
        after(&mut world);
    }
}

fn three(world: &mut World) {
    for _ in 0..3 {
        world.send(0, "alice");
    }
}

#[track_caller]
fn assert_blocks(world: &World, blocks: &[(u32, u64, u64)]) {
    assert_eq!(world.judge().blocks(), blocks, "step of {}", world.step_ms);
    assert_eq!(world.miners[0].core.readiness(), Ok(()));
}

#[test]
fn while_a_record_is_getting_old_enough() {
    stepped(
        |world| {
            world.send(0, "alice");
            world.pass(500);
        },
        |world| {
            world.pass(450);
            assert_blocks(world, &[]);
            world.pass(50);
            assert_blocks(world, &[(0, 0, 1)]);
        },
    );
}

#[test]
fn before_a_record_comes() {
    stepped(
        |_| {},
        |world| {
            // By a clock that is an hour ahead it is an hour old.
            world.send(0, "alice");
            world.run();
            world.pass(1_000);
            assert_blocks(world, &[(0, 0, 1)]);
        },
    );
}

#[test]
fn while_a_record_of_others_is_getting_old_enough() {
    stepped(
        |world| {
            world.send(1, "alice");
            world.pass(20_000);
        },
        |world| {
            world.pass(21_000);
            assert_blocks(world, &[(1, 0, 1)]);
        },
    );
}

#[test]
fn while_a_block_is_being_sealed() {
    stepped(
        |world| {
            world.miners[0].hold_seals = true;
            three(world);
            world.pass(3_000);
        },
        |world| {
            world.miners[0].hold_seals = false;
            world.pass(1_000);
            assert_blocks(world, &[(0, 0, 3)]);
        },
    );
}

#[test]
fn while_an_append_fails_or_stays_without_an_outcome() {
    for fate in [Fate::LostUnknown, Fate::Fails] {
        stepped(
            |world| {
                world.miners[0].fate = fate;
                three(world);
                world.pass(1_000);
            },
            |world| {
                world.miners[0].fate = Fate::Lands;
                world.pass(6_000);
                assert_blocks(world, &[(0, 0, 3)]);
            },
        );
    }
}

#[test]
fn after_a_block_was_refused() {
    stepped(
        |world| {
            world.miners[0].fate = Fate::Held;
            three(world);
            world.run();
            // Somebody puts another body under the same header.
            let mut forged = world.miners[0].held[0].1.to_vec();
            forged.pop();
            let now_ms = world.now_ms;
            world.blockchain.append(now_ms, Bytes::from(forged), vec![]);
            world.pass(1_000);
            let refused = |note: &Note| matches!(note, Note::Refused { .. });
            assert!(world.miners[0].notes.iter().any(refused));
            world.miners[0].held.clear();
        },
        |world| {
            world.miners[0].fate = Fate::Lands;
            world.pass(5_000);
            assert_blocks(world, &[(0, 0, 3)]);
        },
    );
}

#[test]
fn while_a_hole_waits_to_be_confirmed() {
    stepped(
        |world| {
            world.transactions[0].end += 2;
            world.send(0, "alice");
            world.run();
        },
        |world| {
            world.pass(3_000);
            assert_blocks(world, &[(0, 0, 3)]);
        },
    );
}

#[test]
fn while_a_partition_looks_cut() {
    stepped(
        |world| {
            three(world);
            world.run();
            world.transactions[0] = Default::default();
            world.pass(2_000);
        },
        |world| {
            assert!(world.miners[0].ended.is_none());
            world.pass(4_000);
            let ended = &world.miners[0].ended;
            assert!(matches!(ended, Some(Err(End::Loss(_)))), "{ended:?}");
        },
    );
}
