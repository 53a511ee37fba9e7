//! The state of a faulty disk, and the part of it that survives a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use rand::rngs::SmallRng;
use rand::{Rng, RngExt};

/// Unit of survival, in bytes.
const SECTOR: usize = 512;

/// The disk's state.
pub(super) struct Platter {
    pub(super) inodes: Vec<Inode>,
    /// Directory entries as processes see them.
    pub(super) entries: BTreeMap<PathBuf, usize>,
    /// Directory entries after a power cut.
    pub(super) durable_entries: BTreeMap<PathBuf, usize>,
    pub(super) directories: BTreeSet<PathBuf>,
    pub(super) locked: BTreeSet<PathBuf>,
    /// Number of power cuts: files opened before one are invalid.
    pub(super) generation: u64,
    /// Operations until the power cut.
    pub(super) power: Option<u64>,
    /// Bytes until the disk is full.
    pub(super) room: Option<usize>,
    pub(super) failing_syncs: bool,
    pub(super) rng: SmallRng,
}

/// A file.
#[derive(Default, Clone)]
pub(super) struct Inode {
    pub(super) bytes: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

/// A change of a file since its last sync.
#[derive(Clone)]
pub(super) enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Cut(usize),
}

impl Platter {
    /// Counts an operation; fails if the power is off.
    pub(super) fn operate(&mut self) -> io::Result<()> {
        match &mut self.power {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn restore(&mut self) {
        self.generation += 1;
        self.power = None;
        self.locked.clear();
        for inode in &mut self.inodes {
            inode.lose_unsynced(&mut self.rng);
        }
        let paths: BTreeSet<PathBuf> = self
            .entries
            .keys()
            .chain(self.durable_entries.keys())
            .cloned()
            .collect();
        for path in paths {
            let kept = if self.rng.random() {
                &self.entries
            } else {
                &self.durable_entries
            };
            match kept.get(&path).copied() {
                Some(inode) => self.durable_entries.insert(path, inode),
                None => self.durable_entries.remove(&path),
            };
        }
        self.entries = self.durable_entries.clone();
    }
}

impl Inode {
    /// Drops a random part of the unsynced changes.
    fn lose_unsynced(&mut self, rng: &mut impl Rng) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Cut(length) if rng.random() => self.durable.truncate(length),
                Change::Cut(_) => {}
                Change::Write { position, bytes } => {
                    for (i, sector) in bytes.chunks(SECTOR).enumerate() {
                        if rng.random() {
                            put(&mut self.durable, position + i * SECTOR, sector);
                        }
                    }
                }
            }
        }
        self.bytes = self.durable.clone();
    }
}

/// Writes into a file's bytes; a gap before them reads as zeros.
pub(super) fn put(file: &mut Vec<u8>, position: usize, bytes: &[u8]) {
    let end = position + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[position..end].copy_from_slice(bytes);
}

pub(super) fn index(position: u64) -> io::Result<usize> {
    usize::try_from(position).map_err(io::Error::other)
}
