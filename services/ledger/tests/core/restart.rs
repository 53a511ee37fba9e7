//! Restarts: nothing is written twice, whatever is left of index and snapshot.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ledger::index::{Error, Index};

use crate::driver::{Driver, folder};
use crate::world::World;

fn grow(world: &mut World, blocks: usize) {
    for n in 0..blocks {
        world.send(n % 2, "bank", "carol", 1);
        world.send(n % 2, "carol", "dave", 1);
        world.seal(n % 2);
    }
}

/// Everything that a reader can see that is not in the chain by itself.
fn picture(driver: &Driver) -> String {
    let view = driver.view();
    let totals = view.totals();
    let all: Vec<_> = (0..=view.tip().height())
        .map(|height| view.block(height).unwrap().unwrap())
        .collect();
    let records = [0, 1].map(|partition| view.records(partition, 0..u64::MAX, usize::MAX).unwrap());
    format!(
        "{:?} {totals:?} {all:?} {records:?} {:?} {:?} {:?}",
        view.tip(),
        view.miners().unwrap(),
        view.candidates(u64::MAX, 100).unwrap(),
        view.series(0, u64::MAX >> 12, 1).unwrap()
    )
}

#[test]
fn an_orderly_restart_goes_on_from_the_snapshot() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 10);
    Driver::caught_up(dir.path(), &world).close();
    let driver = Driver::open(dir.path());
    assert_eq!(
        driver.view().tip(),
        world.chain.tip(),
        "served before anything is read"
    );
    assert_eq!(driver.core.height(), Some(10), "from the snapshot");
    drop(driver);
    grow(&mut world, 3);
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(driver.written, [11, 12, 13]);
    assert_eq!(driver.view().tip(), world.chain.tip());
}

#[test]
fn without_a_snapshot_the_chain_is_read_again_and_written_once() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 5);
    world.append_raw(bytes::Bytes::from_static(b"no block"));
    let before = picture(&Driver::caught_up(dir.path(), &world));
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(driver.written, Vec::<u64>::new());
    assert_eq!(picture(&driver), before);
    drop(driver);
    grow(&mut world, 1);
    assert_eq!(Driver::caught_up(dir.path(), &world).written, [6]);
}

#[test]
fn a_crash_anywhere_leaves_an_index_that_goes_on() {
    let mut world = World::new();
    grow(&mut world, 30);
    let whole = folder();
    let expected = picture(&Driver::caught_up(whole.path(), &world));
    for steps in [3, 20, 50] {
        let dir = folder();
        let mut written = Vec::new();
        for round in 1.. {
            let mut driver = Driver::open(dir.path());
            let more = (0..steps * round).all(|_| {
                // In small batches: a replay would be one.
                driver.flush();
                driver.step(&world)
            });
            if !more {
                driver.run(&world);
            }
            written.extend(driver.written.clone());
            if !more {
                assert_eq!(picture(&driver), expected, "crashes every {steps} steps");
                break;
            }
        }
        assert_eq!(written, (0..=30).collect::<Vec<_>>());
    }
}

#[test]
fn a_snapshot_that_is_older_or_newer_than_the_index_does_no_harm() {
    let (dir, other) = (folder(), folder());
    let mut world = World::new();
    grow(&mut world, 4);
    Driver::caught_up(dir.path(), &world).close();
    let snapshot = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.is_file())
        .unwrap();
    let old = std::fs::read(&snapshot).unwrap();
    let early = Driver::caught_up(other.path(), &world);
    drop(early);
    grow(&mut world, 4);
    Driver::caught_up(dir.path(), &world).close();
    let new = std::fs::read(&snapshot).unwrap();
    std::fs::write(&snapshot, old).unwrap();
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(
        (driver.written.len(), driver.view().tip()),
        (0, world.chain.tip())
    );
    drop(driver);
    std::fs::write(other.path().join(snapshot.file_name().unwrap()), new).unwrap();
    let driver = Driver::caught_up(other.path(), &world);
    assert_eq!(
        driver.written,
        [5, 6, 7, 8],
        "a snapshot beyond the index is not used"
    );
    assert_eq!(driver.view().tip(), world.chain.tip());
}

#[test]
fn time_makes_snapshots() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 2);
    let mut driver = Driver::caught_up(dir.path(), &world);
    driver.pass(61_000, &world);
    assert_eq!(driver.snapshots, 1);
    driver.pass(61_000, &world);
    assert_eq!(driver.snapshots, 1, "nothing new");
    drop(driver);
    assert_eq!(Driver::open(dir.path()).core.height(), Some(2));
}

/// A flood of candidates that are refused is not read again at every start.
#[test]
fn refused_candidates_make_snapshots_too() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 2);
    let mut driver = Driver::caught_up(dir.path(), &world);
    driver.pass(61_000, &world);
    for _ in 0..10_000 {
        world.append_raw(Bytes::from_static(b"junk"));
    }
    driver.run(&world);
    driver.pass(61_000, &world);
    assert_eq!(driver.snapshots, 2);
    let kept = follow::snapshot::load(dir.path()).expect("the snapshot");
    assert_eq!(kept.next_offset, world.blocks.end);
    driver.pass(61_000, &world);
    assert_eq!(driver.snapshots, 2, "nothing new");
}

#[test]
fn a_log_that_was_rewritten_or_cut_is_data_loss() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 6);
    drop(Driver::caught_up(dir.path(), &world));
    let mut cut = World::new();
    grow(&mut cut, 4);
    let driver = Driver::caught_up(dir.path(), &cut);
    let fatal = driver.fatal.clone().unwrap();
    assert!(fatal.contains("data loss on blockchain/0"), "{fatal}");
    drop(driver);
    let mut rewritten = World::new();
    rewritten.send(0, "mallory", "bank", 1);
    rewritten.seal(0);
    grow(&mut rewritten, 7);
    let driver = Driver::caught_up(dir.path(), &rewritten);
    let fatal = driver.fatal.clone().unwrap();
    assert!(
        fatal.contains(&world.chain.tip().hash.to_string()),
        "{fatal}"
    );
    assert!(
        fatal.contains(&rewritten.accepted[6].hash().to_string()),
        "{fatal}"
    );
}

#[test]
fn a_damaged_index_is_built_anew() {
    let mut world = World::new();
    grow(&mut world, 6);
    let dir = folder();
    let before = picture(&Driver::caught_up(dir.path(), &world));
    let mut files = files(&dir.path().join("index"));
    // The keyspaces all look alike: one file of each name will do.
    let mut names = BTreeSet::new();
    files.retain(|file| names.insert(file.file_name().map(ToOwned::to_owned)));
    assert!(names.len() >= 4, "{names:?}");
    for file in files {
        let dir = folder();
        drop(Driver::caught_up(dir.path(), &world));
        let path = dir.path().join("index").join(&file);
        // Not every index has every file.
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let driver = Driver::caught_up(dir.path(), &world);
        assert_eq!(picture(&driver), before, "after {file:?} was cut");
        drop(driver);
        std::fs::write(&path, b"rubbish").unwrap();
        let driver = Driver::caught_up(dir.path(), &world);
        assert_eq!(picture(&driver), before, "after rubbish in {file:?}");
    }
}

#[test]
fn an_index_that_is_opened_anew_keeps_its_readers() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 3);
    let driver = Driver::caught_up(dir.path(), &world);
    let (reader, mut changes) = (driver.reader.clone(), driver.reader.changes());
    grow(&mut world, 2);
    changes.mark_unchanged();
    let mut driver = driver.reopen();
    let shown = reader.view().expect("what was written is shown at once");
    assert_eq!(shown.tip().height(), 3);
    driver.run(&world);
    assert_eq!(driver.written, [4, 5], "the rest, and nothing twice");
    assert_eq!(reader.view().unwrap().tip(), world.chain.tip());
    assert!(changes.has_changed().unwrap(), "streams are woken");
}

#[test]
fn a_condemned_index_is_built_anew() {
    let dir = folder();
    let mut world = World::new();
    grow(&mut world, 3);
    drop(Driver::caught_up(dir.path(), &world));
    Index::condemn(dir.path(), &Error::Corrupt("a test".into()));
    assert_eq!(Driver::caught_up(dir.path(), &world).written, [0, 1, 2, 3]);
    assert_eq!(
        Driver::caught_up(dir.path(), &world).written,
        Vec::<u64>::new(),
        "once"
    );
}

/// All files below a folder, relative to it.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|below| name.join(below))),
            false => found.push(name),
        }
    }
    found
}
