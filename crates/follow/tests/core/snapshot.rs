//! Snapshots on disk.

use std::fs;
use std::path::PathBuf;

use chain::testing::Grower;
use follow::{Core, Event, Settings, Snapshot, snapshot};
use tempfile::TempDir;

use crate::forge;
use crate::stand::{Stand, settings};

fn file(dir: &TempDir) -> PathBuf {
    let mut files = fs::read_dir(dir.path()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(
        files.next().is_none(),
        "nothing is left beside the snapshot"
    );
    file
}

fn written(core: &Core) -> TempDir {
    let dir = TempDir::new().unwrap();
    core.snapshot().unwrap().write(dir.path()).unwrap();
    dir
}

pub fn through_a_file(core: &Core) -> Snapshot {
    snapshot::load(written(core).path()).unwrap()
}

#[test]
fn a_snapshot_gives_the_same_state_back() {
    let (_, log) = Grower::grown("snapshot", 4, 3);
    let core = Stand::after(&log).core;
    let again = Core::new(settings(), Some(through_a_file(&core)));
    assert_eq!(again.next_offset(), core.next_offset());
    let (old, new) = (core.chain().unwrap(), again.chain().unwrap());
    assert_eq!(new.tip(), old.tip());
    assert_eq!(new.rules(), old.rules());
    assert_eq!(new.cursors(), old.cursors());
    assert_eq!(new.accounts(), old.accounts());
    assert_eq!(new.supply(), old.supply());
}

#[test]
fn a_later_snapshot_replaces_the_one_before() {
    let (mut forge, log) = Grower::grown("replace", 2, 1);
    let mut stand = Stand::after(&log);
    let dir = written(&stand.core);
    stand.append(&forge.mine(1));
    stand.run();
    stand.core.snapshot().unwrap().write(dir.path()).unwrap();
    file(&dir);
    assert_eq!(snapshot::load(dir.path()).unwrap().next_offset, 4);
}

#[test]
fn a_missing_damaged_cut_or_foreign_snapshot_is_none() {
    let (_, log) = Grower::grown("damaged", 2, 1);
    let dir = written(&Stand::after(&log).core);
    let path = file(&dir);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&path, bad).unwrap();
        assert!(snapshot::load(dir.path()).is_none(), "byte {at}");
    }
    for length in [0, 5, 40, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        assert!(snapshot::load(dir.path()).is_none(), "{length} bytes");
    }
    fs::write(&path, &good).unwrap();
    assert!(snapshot::load(dir.path()).is_some());
    fs::remove_file(&path).unwrap();
    assert!(snapshot::load(dir.path()).is_none());
}

#[test]
fn a_folder_is_of_use_or_not_before_a_snapshot_is_due() {
    let (_, log) = Grower::grown("prepared", 1, 1);
    let dir = written(&Stand::after(&log).core);
    snapshot::prepare(dir.path()).unwrap();
    assert!(snapshot::load(dir.path()).is_some(), "left as it is");
    let below = dir.path().join("not/there/yet");
    snapshot::prepare(&below).unwrap();
    assert_eq!(fs::read_dir(&below).unwrap().count(), 0, "nothing stays");
    let blocked = below.join("file");
    fs::write(&blocked, "in the way").unwrap();
    assert!(snapshot::prepare(&blocked).is_err());
}

#[test]
fn there_is_no_snapshot_before_block_zero() {
    assert!(Stand::after(&[]).core.snapshot().is_none());
}

#[test]
fn a_snapshot_of_another_chain_is_the_end() {
    let (_, log) = Grower::grown("theirs", 1, 1);
    let (forge, _) = forge::new("ours");
    let start = through_a_file(&Stand::after(&log).core);
    let settings = Settings {
        expected: Some(forge.chain_id()),
        ..settings()
    };
    let mut stand = Stand::new(settings, Some(start), &log);
    stand.run();
    assert_eq!(stand.events.len(), 1);
    assert!(matches!(stand.events[0], Event::Fatal(_)));
}

#[test]
fn what_was_refused_last_is_compared_too() {
    let (_, mut log) = Grower::grown("refused", 2, 1);
    log.push(b"junk".as_slice().into());
    let start = through_a_file(&Stand::after(&log).core);
    assert_eq!(start.next_offset, 4);
    assert_eq!(start.last.unwrap().0, 3);
}
