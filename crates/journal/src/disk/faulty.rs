//! A disk in memory that fails on demand: the power is cut, it is full, a sync fails.
//!
//! Synced data survives a power cut; of unsynced data any part may survive: each 512-byte sector of a write, truncations, and
//! directory entries. The seed decides, so that every failure can be replayed.

mod platter;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use self::platter::{Change, Inode, Platter, index, put};
use super::Disk;
use super::files::{FileSystem, Files, Guard, OpenFile};
use super::import::Import;
use crate::error::Error;

/// Directory of the journal on this disk.
const ROOT: &str = "journal";

/// The disk; clones share it.
#[derive(Clone)]
pub struct FaultyDisk {
    platter: Arc<Mutex<Platter>>,
    segment_bytes: u64,
}

struct Handle {
    platter: Arc<Mutex<Platter>>,
    inode: usize,
    generation: u64,
}

/// A lock on a path; a power cut releases it, too.
struct Locked {
    platter: Arc<Mutex<Platter>>,
    path: PathBuf,
    generation: u64,
}

impl FaultyDisk {
    /// An empty disk whose journals start a new segment after `segment_bytes`.
    pub fn new(seed: u64, segment_bytes: u64) -> FaultyDisk {
        let platter = Platter {
            inodes: Vec::new(),
            entries: BTreeMap::new(),
            durable_entries: BTreeMap::new(),
            directories: BTreeSet::new(),
            locked: BTreeSet::new(),
            generation: 0,
            power: None,
            room: None,
            failing_syncs: false,
            rng: SmallRng::seed_from_u64(seed),
        };
        FaultyDisk {
            platter: Arc::new(Mutex::new(platter)),
            segment_bytes,
        }
    }

    pub(crate) fn mount(&self) -> Result<Disk, Error> {
        Disk::open_on(Files::on(self.clone()), Path::new(ROOT), self.segment_bytes)
    }

    /// Starts an import on this disk, which must be empty.
    pub fn import(&self, topic: &str) -> Result<Import, Error> {
        Import::begin_on(
            Files::on(self.clone()),
            Path::new(ROOT),
            topic,
            self.segment_bytes,
        )
    }

    /// Cuts the power after this many more operations; everything fails from then on.
    pub fn cut_power_after(&self, operations: u64) {
        self.platter.lock().power = Some(operations);
    }

    /// Restores the power: unsynced data may be gone, and the disk works again.
    pub fn restore_power(&self) {
        self.platter.lock().restore();
    }

    /// Kills the process but not the system: everything written stays, synced or not, and the disk works again.
    pub fn kill_process(&self) {
        let mut platter = self.platter.lock();
        platter.generation += 1;
        platter.power = None;
        platter.locked.clear();
    }

    /// Fails writes after this many more bytes; `None` frees the disk.
    pub fn set_room(&self, bytes: Option<usize>) {
        self.platter.lock().room = bytes;
    }

    /// Makes syncs fail, or succeed again.
    pub fn set_failing_syncs(&self, failing: bool) {
        self.platter.lock().failing_syncs = failing;
    }

    /// The files, by path below the journal, with their bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let platter = self.platter.lock();
        let below = |path: &Path| {
            path.strip_prefix(ROOT)
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned()
        };
        platter
            .entries
            .iter()
            .map(|(path, inode)| (below(path), platter.inodes[*inode].bytes.clone()))
            .collect()
    }

    /// Replaces the bytes of a file, durably and behind the journal's back.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let mut platter = self.platter.lock();
        let inode = platter.entries[&Path::new(ROOT).join(path)];
        platter.inodes[inode] = Inode {
            bytes: bytes.to_vec(),
            durable: bytes.to_vec(),
            pending: Vec::new(),
        };
    }

    /// Removes a file behind the journal's back.
    pub fn remove(&self, path: &str) {
        let removed = self
            .platter
            .lock()
            .entries
            .remove(&Path::new(ROOT).join(path));
        assert!(removed.is_some(), "there was a file {path}");
    }
}

impl Handle {
    /// Runs `work` on the file, unless it was opened before a power cut.
    fn with<T>(&self, work: impl FnOnce(&mut Platter, usize) -> io::Result<T>) -> io::Result<T> {
        let mut platter = self.platter.lock();
        if platter.generation != self.generation {
            return Err(io::Error::other("opened before the power cut"));
        }
        platter.operate()?;
        work(&mut platter, self.inode)
    }
}

impl OpenFile for Handle {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.with(|platter, inode| {
            let bytes = platter.inodes[inode]
                .bytes
                .get(index(position)?..)
                .unwrap_or_default();
            let count = bytes.len().min(buffer.len());
            buffer[..count].copy_from_slice(&bytes[..count]);
            Ok(count)
        })
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.with(|platter, inode| {
            let position = index(position)?;
            let grown = (position + bytes.len()).saturating_sub(platter.inodes[inode].bytes.len());
            // A write beyond the end grows the file by more than its own bytes.
            let missing = platter.room.map_or(0, |room| grown.saturating_sub(room));
            let missing = missing.min(bytes.len());
            let bytes = &bytes[..bytes.len() - missing];
            platter.room = platter.room.map(|room| room - grown.min(room));
            let file = &mut platter.inodes[inode];
            put(&mut file.bytes, position, bytes);
            file.pending.push(Change::Write {
                position,
                bytes: bytes.to_vec(),
            });
            if missing > 0 {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(())
            }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|platter, inode| {
            if platter.failing_syncs {
                return Err(io::Error::other("the disk does not answer"));
            }
            let file = &mut platter.inodes[inode];
            file.pending.clear();
            file.durable = file.bytes.clone();
            Ok(())
        })
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.with(|platter, inode| {
            let length = index(length)?;
            let file = &mut platter.inodes[inode];
            let freed = file.bytes.len().saturating_sub(length);
            file.bytes.truncate(length);
            file.pending.push(Change::Cut(length));
            platter.room = platter.room.map(|room| room + freed);
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|platter, inode| Ok(platter.inodes[inode].bytes.len() as u64))
    }
}

impl FileSystem for FaultyDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn OpenFile>> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        let inode = match platter.entries.get(path) {
            Some(inode) => *inode,
            None if create => {
                platter.inodes.push(Inode::default());
                let inode = platter.inodes.len() - 1;
                platter.entries.insert(path.to_owned(), inode);
                inode
            }
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let generation = platter.generation;
        drop(platter);
        Ok(Arc::new(Handle {
            platter: Arc::clone(&self.platter),
            inode,
            generation,
        }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        // The survival of a directory without entries has no effect, so directories always survive.
        platter.directories.insert(path.to_owned());
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        let child = |entry: &PathBuf| {
            let below = entry.strip_prefix(path).ok()?;
            Some(
                below
                    .components()
                    .next()?
                    .as_os_str()
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        let names: BTreeSet<String> = platter
            .entries
            .keys()
            .chain(&platter.directories)
            .filter_map(child)
            .collect();
        Ok(names.into_iter().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        let inode = platter
            .entries
            .remove(from)
            .ok_or(io::ErrorKind::NotFound)?;
        platter.entries.insert(to.to_owned(), inode);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        if platter.failing_syncs {
            return Err(io::Error::other("the disk does not answer"));
        }
        let platter = &mut *platter;
        platter
            .durable_entries
            .retain(|entry, _| entry.parent() != Some(path));
        let here = platter
            .entries
            .iter()
            .filter(|(entry, _)| entry.parent() == Some(path));
        platter
            .durable_entries
            .extend(here.map(|(entry, inode)| (entry.clone(), *inode)));
        Ok(())
    }

    fn lock(&self, path: &Path, _: &str) -> io::Result<Result<Guard, String>> {
        let mut platter = self.platter.lock();
        platter.operate()?;
        if !platter.locked.insert(path.to_owned()) {
            return Ok(Err("this process".into()));
        }
        let guard = Locked {
            platter: Arc::clone(&self.platter),
            path: path.to_owned(),
            generation: platter.generation,
        };
        Ok(Ok(Box::new(guard)))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let mut platter = self.platter.lock();
        if platter.generation == self.generation {
            platter.locked.remove(&self.path);
        }
    }
}
