//! When a block is cut, what it takes, and from which partition.

use bytes::Bytes;
use engine::Core as _;

use crate::world::{World, settings};

#[test]
fn three_records_make_one_block_at_once() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.run();
    world.send(0, "alice");
    world.send(0, "alice");
    world.run();
    assert!(world.judge().blocks().is_empty(), "two are not three");
    world.send(0, "carol");
    world.run();
    let judged = world.judge();
    assert_eq!(judged.blocks(), [(0, 0, 3)]);
    assert_eq!(judged.sealed().len(), 3);
    assert!(
        judged
            .sealed()
            .iter()
            .all(|(_, _, verdict)| *verdict == "INCLUDED")
    );
    let miner = "miner".parse().expect("a name");
    assert_eq!(judged.chain.account(&miner).expect("was paid").balance, 1);
}

#[test]
fn the_oldest_record_waits_for_the_block_age_and_no_longer() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.run();
    world.send(0, "alice");
    world.run();
    let wake = world.miners[0].core.wake_ms().expect("something is due");
    assert!(wake <= world.elapsed_ms + 1_000);
    world.pass(950);
    assert!(world.judge().blocks().is_empty());
    world.pass(50);
    assert_eq!(world.judge().blocks(), [(0, 0, 1)]);
}

#[test]
fn no_records_no_blocks() {
    let mut world = World::new();
    world.join(settings("miner", &[0, 1]));
    world.pass(60_000);
    assert!(world.judge().blocks().is_empty());
}

#[test]
fn a_block_takes_all_that_is_pending_up_to_the_limit() {
    let mut genesis = World::new().genesis;
    genesis.max_block_records = 40;
    let mut world = World::with(genesis);
    for _ in 0..50 {
        world.send(0, "alice");
    }
    world.join(settings("miner", &[0]));
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 40), (0, 40, 50)]);
}

#[test]
fn records_that_came_while_sealing_are_in_the_next_block_at_once() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.run();
    world.miners[miner].hold_seals = true;
    for _ in 0..3 {
        world.send(0, "alice");
    }
    world.run();
    for _ in 0..7 {
        world.send(0, "alice");
    }
    world.run();
    assert_eq!(world.miners[miner].seals.len(), 1);
    world.miners[miner].hold_seals = false;
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (0, 3, 10)]);
}

#[test]
fn own_partitions_take_turns_by_age() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0, 1]));
    world.run();
    world.miners[miner].hold_seals = true;
    for partition in [0, 1, 0] {
        for _ in 0..3 {
            world.send(partition, "alice");
        }
        world.pass(100);
    }
    world.miners[miner].hold_seals = false;
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (1, 0, 3), (0, 3, 6)]);
}

#[test]
fn garbage_empty_and_oversize_records_get_their_verdicts() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.put(0, Bytes::from_static(b"garbage"));
    world.put(0, Bytes::new());
    world.put(0, Bytes::from(vec![7; 60_000]));
    world.send(0, "alice");
    world.run();
    let verdicts: Vec<_> = world.judge().sealed().iter().map(|s| s.2).collect();
    assert_eq!(
        verdicts,
        ["UNDECODABLE", "BAD_ACCOUNT", "TOO_LARGE", "INCLUDED"]
    );
}

#[test]
fn records_of_others_are_rescued_when_they_are_old_and_not_before() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    world.run();
    world.send(1, "alice");
    world.pass(29_900);
    assert!(world.judge().blocks().is_empty());
    world.pass(11_000);
    assert_eq!(world.judge().blocks(), [(1, 0, 1)]);
    // What comes later waits as long.
    world.send(1, "alice");
    world.pass(29_900);
    assert_eq!(world.judge().blocks().len(), 1);
    world.pass(20_000);
    assert_eq!(world.judge().blocks(), [(1, 0, 1), (1, 1, 2)]);
}

#[test]
fn nothing_is_rescued_from_a_partition_whose_miner_lives_or_when_told_not_to() {
    let mut world = World::new();
    let idle = world.join(settings("idle", &[0]));
    world.join(settings("busy", &[1]));
    let mut never = settings("never", &[0]);
    never.rescue_age_ms = 0;
    world.join(never);
    for _ in 0..40 {
        world.send(1, "alice");
        world.pass(2_000);
    }
    let judged = world.judge();
    assert_eq!(judged.blocks().len(), 40);
    assert!(judged.refused.is_empty());
    assert_eq!(world.miners[idle].core.status().blocks_won, 0);
}

#[test]
fn a_block_carries_the_contexts_of_sampled_traces_up_to_the_limit() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    let context = |flags: &str| {
        let text = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        vec![("traceparent".to_owned(), Bytes::from(text))]
    };
    for flags in ["01", "00", "03"] {
        let record = world.transaction("alice");
        world.put_with(0, record, context(flags));
    }
    world.run();
    assert_eq!(
        world.blockchain.records[&1].headers,
        [context("01"), context("03")].concat()
    );
    for number in 0..200 {
        let record = world.transaction("alice");
        let text = format!("00-0af7651916cd43dd8448eb211c80319c-{number:016x}-01");
        // Records of one batch share their context: it is carried once.
        for record in [record, world.transaction("alice")] {
            let header = ("traceparent".to_owned(), Bytes::from(text.clone()));
            world.put_with(0, record, vec![header]);
        }
    }
    world.run();
    let carried = &world.blockchain.records[&2].headers;
    assert_eq!(carried.len(), 128);
    assert!(carried.windows(2).all(|pair| pair[0] != pair[1]));
}
