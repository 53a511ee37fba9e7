//! The end that was asked for.

use engine::{Core as _, Signal};
use ledger::core::{Input, Output};

use crate::driver::{Driver, folder};
use crate::world::World;

/// A driver that has handed a block to the index and holds more.
fn busy(dir: &std::path::Path, world: &mut World) -> Driver {
    let mut driver = Driver::caught_up(dir, world);
    for _ in 0..3 {
        world.send(0, "bank", "carol", 1);
        world.seal(0);
    }
    while driver.core.is_settled() {
        assert!(driver.step(world));
    }
    driver
}

fn step(driver: &mut Driver, input: impl Into<Input>) -> Vec<Output> {
    let mut out = Vec::new();
    driver.core.step(driver.now, input.into(), &mut out);
    out
}

#[test]
fn what_was_taken_in_is_written_and_kept_in_a_snapshot() {
    let (dir, mut world) = (folder(), World::new());
    let driver = busy(dir.path(), &mut world);
    let height = driver.core.height().unwrap();
    assert!(height > 0);
    driver.close();
    let mut driver = Driver::open(dir.path());
    assert_eq!(driver.core.height(), Some(height), "the snapshot");
    assert_eq!(driver.view().tip().height(), height, "the index");
    driver.run(&world);
    assert_eq!(driver.view().tip(), world.chain.tip());
}

#[test]
fn an_index_that_does_not_answer_is_waited_for_within_a_limit() {
    let (dir, mut world) = (folder(), World::new());
    let mut driver = busy(dir.path(), &mut world);
    assert!(step(&mut driver, Signal::Stop).is_empty());
    assert!(driver.core.is_full(), "nothing new is taken on");
    driver.now.wall_us -= 3_600_000_000;
    driver.now.elapsed_ms = driver.core.wake_ms().unwrap() - 1;
    assert!(step(&mut driver, Signal::Wake).is_empty());
    driver.now.elapsed_ms += 1;
    let out = step(&mut driver, Signal::Wake);
    assert!(matches!(out[..], [Output::Ended]), "{out:?}");
    assert!(step(&mut driver, Input::Written).is_empty());
    assert_eq!(driver.core.wake_ms(), None);
}
