//! The wall clock steps: everything that waits has the other one.

use ledger::model::answer::Fault;

use crate::driver::{Driver, folder};
use crate::world::World;

const HOUR_US: u64 = 3_600_000_000;

/// Sets the wall clock back, or forward, by an hour.
type Step = fn(u64) -> u64;
const STEPS: [Step; 2] = [|wall_us| wall_us - HOUR_US, |wall_us| wall_us + HOUR_US];

fn grow(world: &mut World) {
    world.send(0, "bank", "carol", 1);
    world.seal(0);
}

#[test]
fn positions_surveys_and_snapshots_keep_coming() {
    for step in STEPS {
        let (dir, mut world) = (folder(), World::new());
        grow(&mut world);
        let mut driver = Driver::caught_up(dir.path(), &world);
        let before = (driver.commits, driver.surveys, driver.snapshots);
        for _ in 0..12 {
            driver.now.wall_us = step(driver.now.wall_us);
            grow(&mut world);
            driver.pass(5_000, &world);
        }
        assert_eq!(driver.commits, before.0 + 12);
        assert_eq!(driver.surveys, before.1 + 2 * 12, "of two partitions");
        assert_eq!(driver.snapshots, before.2 + 1);
        assert_eq!(driver.view().tip(), world.chain.tip());
        let audit = driver.view().audit().unwrap();
        assert_eq!(audit.checked_height, Some(13));
    }
}

#[test]
fn a_partition_that_could_not_be_read_is_tried_again() {
    for step in STEPS {
        let (dir, mut world) = (folder(), World::new());
        grow(&mut world);
        grow(&mut world);
        Driver::caught_up(dir.path(), &world).close();
        let whole = world.topic[0].clone();
        world.topic[0].cut(1);
        let mut driver = Driver::caught_up(dir.path(), &world);
        assert!(driver.loss().is_some());
        world.topic[0] = whole;
        world.send(0, "bank", "carol", 3);
        driver.now.wall_us = step(driver.now.wall_us);
        driver.pass(5_000, &world);
        driver.pass(5_000, &world);
        assert_eq!(driver.loss(), None);
    }
}

#[test]
fn a_loss_is_noticed_and_what_it_took_is_compared_again() {
    for step in STEPS {
        let (dir, mut world) = (folder(), World::new());
        grow(&mut world);
        grow(&mut world);
        let mut driver = Driver::caught_up(dir.path(), &world);
        world.topic[0].cut(1);
        for _ in 0..4 {
            world.send(0, "bank", "carol", 2);
        }
        for _ in 0..7 {
            driver.now.wall_us = step(driver.now.wall_us);
            driver.pass(5_000, &world);
        }
        let findings = driver.view().findings(0, 100).unwrap();
        let faults: Vec<_> = findings.iter().map(|finding| finding.fault).collect();
        assert_eq!(faults, [Fault::Unavailable]);
    }
}
