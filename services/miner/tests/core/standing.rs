//! Where a miner stands: catching up, listed or not, stopped, restarted.

use chain::testing::{self, secret};
use chain::{Genesis, Secret};
use miner::core::{End, Input, Phase};
use miner::fit::Misfit;

use crate::world::{World, settings};

fn three(world: &mut World) {
    for _ in 0..3 {
        world.send(0, "alice");
    }
}

fn reason(world: &World, miner: usize) -> &'static str {
    world.miners[miner]
        .core
        .readiness()
        .err()
        .map_or("", |cause| cause.reason.0)
}

#[test]
fn nothing_is_mined_before_the_chain_is_there_and_caught_up_with() {
    let mut world = World::new();
    let zero = std::mem::take(&mut world.blockchain);
    let miner = world.join(settings("miner", &[0]));
    three(&mut world);
    world.run();
    assert_eq!(reason(&world, miner), "NO_CHAIN");
    assert_eq!(world.miners[miner].core.status().phase, Phase::CatchingUp);
    world.blockchain = zero;
    world.run();
    assert_eq!(reason(&world, miner), "");
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
    // A second one reads the chain first: it never tries to extend block 0.
    three(&mut world);
    let late = world.join(settings("late", &[0]));
    world.miners[late].hold_seals = true;
    world.run();
    assert!(
        world.miners[late]
            .seals
            .iter()
            .all(|t| t.header.height >= 2)
    );
}

#[test]
fn a_restarted_miner_goes_on_at_the_cursor() {
    let mut world = World::new();
    world.join(settings("miner", &[0]));
    three(&mut world);
    world.run();
    three(&mut world);
    world.miners[0].hold_seals = true;
    world.run();
    world.miners.clear();
    let again = world.join(settings("miner", &[0]));
    three(&mut world);
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (0, 3, 9)]);
    assert_eq!(world.miners[again].core.status().blocks_won, 1);
}

#[test]
fn a_restart_from_a_snapshot_reads_only_what_is_new() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    three(&mut world);
    world.run();
    let snapshot = world.miners[miner]
        .core
        .follower()
        .snapshot()
        .expect("usable");
    snapshot.write(dir.path()).expect("written");
    world.miners.clear();
    let follow = world.follow();
    let start = follow::snapshot::load(dir.path());
    assert!(start.is_some());
    let again = world.join_as(settings("miner", &[0]), follow, None, start);
    three(&mut world);
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (0, 3, 6)]);
    assert_eq!(world.miners[again].core.status().blocks_won, 1);
}

#[test]
fn a_log_that_was_cut_while_the_miner_was_down_ends_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    three(&mut world);
    world.run();
    let snapshot = world.miners[miner]
        .core
        .follower()
        .snapshot()
        .expect("usable");
    snapshot.write(dir.path()).expect("written");
    world.miners.clear();
    world.blockchain.cut(1);
    let (follow, start) = (world.follow(), follow::snapshot::load(dir.path()));
    let again = world.join_as(settings("miner", &[0]), follow, None, start);
    world.pass(10_000);
    assert!(matches!(
        world.miners[again].ended,
        Some(Err(End::Follow(follow::Fatal::DataLoss(_))))
    ));
}

#[test]
fn what_does_not_fit_the_chain_ends_the_miner() {
    let mut world = World::new();
    let beyond = world.join(settings("miner", &[0, 7]));
    world.run();
    assert!(matches!(
        world.miners[beyond].ended,
        Some(Err(End::Misfit(Misfit::NoPartition { partition: 7, .. })))
    ));
    let mut world = World::with(Genesis {
        open: false,
        ..world.genesis
    });
    let named = world.join(settings("miner", &[0]));
    world.run();
    assert!(matches!(
        world.miners[named].ended,
        Some(Err(End::Misfit(Misfit::NotOpen { .. })))
    ));
}

#[test]
fn the_list_of_miners_is_obeyed_at_the_start_and_later() {
    let (ours, theirs) = (secret(1), secret(3));
    let mut world = World::with(Genesis {
        miners: vec![ours.account()],
        ..testing::genesis("listed")
    });
    let with = |secret: &Secret| {
        let mut settings = settings("x", &[0]);
        settings.account = secret.account();
        settings
    };
    let follow = world.follow();
    let unlisted = world.join_as(with(&theirs), follow.clone(), Some(theirs.clone()), None);
    world.run();
    assert!(matches!(
        world.miners[unlisted].ended,
        Some(Err(End::Misfit(Misfit::NotListed { .. })))
    ));
    let miner = world.join_as(with(&ours), follow, Some(ours.clone()), None);
    for (memo, who) in [("miner+", &theirs), ("miner-", &ours)] {
        let order = world.grower.order(&format!("{memo} {}", who.account()));
        world.put(0, order.encode());
    }
    world.pass(1_000);
    assert_eq!(world.judge().blocks(), [(0, 0, 2)]);
    assert_eq!(reason(&world, miner), "STOPPED");
    three(&mut world);
    world.pass(10_000);
    assert_eq!(world.judge().blocks().len(), 1, "struck off");
    assert!(world.miners[miner].ended.is_none());
}

#[test]
fn a_version_that_is_not_known_stops_the_mining_and_not_the_miner() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    let order = world.grower.order("version 2");
    world.put(0, order.encode());
    world.pass(1_000);
    three(&mut world);
    world.pass(10_000);
    assert_eq!(world.judge().blocks(), [(0, 0, 1)]);
    assert_eq!(reason(&world, miner), "STOPPED");
    assert!(world.miners[miner].ended.is_none());
}

#[test]
fn positions_are_left_every_five_seconds_when_they_have_moved() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.pass(1_000);
    three(&mut world);
    world.pass(20_000);
    assert_eq!(world.miners[miner].commits, [(0, 0), (0, 3)]);
}

#[test]
fn a_log_that_cannot_be_read_is_said_and_heals() {
    let mut world = World::new();
    let miner = world.join(settings("miner", &[0]));
    world.run();
    let trouble = || journal::Error::Unavailable("no broker".into());
    let tail = |event| {
        Input::Follow(follow::Input::Tail {
            generation: 1,
            event,
        })
    };
    let generation_is_one = world.miners[miner].core.follower().next_offset() == 1;
    assert!(generation_is_one);
    world.step(miner, tail(journal::TailEvent::Unavailable(trouble())));
    assert_eq!(reason(&world, miner), "LOG_UNAVAILABLE");
    world.step(miner, tail(journal::TailEvent::Available));
    world.run();
    assert_eq!(reason(&world, miner), "");
    three(&mut world);
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3)]);
}

#[test]
fn nothing_is_mined_before_the_trusted_block_is_reached() {
    let mut world = World::new();
    world.join(settings("first", &[0]));
    three(&mut world);
    world.run();
    let trusted = world.judge().chain.tip().hash;
    three(&mut world);
    world.run();
    world.miners.clear();
    let mut follow = world.follow();
    follow.assume_valid = Some(trusted);
    let miner = world.join_as(settings("miner", &[0]), follow, None, None);
    three(&mut world);
    world.run();
    assert_eq!(world.judge().blocks(), [(0, 0, 3), (0, 3, 6), (0, 6, 9)]);
    assert!(
        world.miners[miner]
            .seals
            .iter()
            .all(|t| t.header.height == 3)
    );
}
