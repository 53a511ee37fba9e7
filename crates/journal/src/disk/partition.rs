//! One partition on disk: the state shared by its readers and the writer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};

use super::files::File;
use super::store::Store;
use crate::local;
use crate::record::Offsets;

/// Size of a segment, in bytes: small enough to verify at every start.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;
/// Bytes of a segment between two entries of the index, which a reader may have to skip.
const INDEX_SPACING: u64 = 64 << 10;

/// A partition.
pub(crate) struct Partition {
    /// Unique in this process; the writer's key for its own side of the partition.
    pub(super) id: u64,
    pub(super) topic: String,
    pub(super) number: u32,
    pub(super) directory: PathBuf,
    pub(super) store: Store,
    /// The part that readers see.
    pub(super) state: Mutex<State>,
    /// Signals changes of the state.
    pub(super) grown: Condvar,
}

/// The part that readers see: synced records only.
pub(super) struct State {
    /// Segments in order; the last one is the active one. Never empty.
    pub(super) segments: Vec<Segment>,
    /// Offset of the next append.
    pub(super) end: u64,
    /// File of the active segment.
    pub(super) active: File,
    /// Synced bytes of the active segment.
    pub(super) active_bytes: u64,
    /// Bytes of the full segments.
    pub(super) full_bytes: u64,
    /// The cause, if the journal has stopped.
    pub(super) stopped: Option<String>,
}

/// A segment file.
pub(super) struct Segment {
    /// Offset of its first record.
    pub(super) base: u64,
    pub(super) index: Index,
}

/// A sparse index of a segment: (offset, position), ascending in both.
#[derive(Default)]
pub(super) struct Index(Vec<(u64, u64)>);

impl local::Partition for Partition {
    fn offsets(&self) -> Offsets {
        self.state.lock().offsets()
    }
}

impl State {
    pub(super) fn offsets(&self) -> Offsets {
        Offsets {
            start: self.segments[0].base,
            end: self.end,
        }
    }
}

impl Partition {
    pub(super) fn new(
        store: &Store,
        topic: &str,
        number: u32,
        directory: &Path,
        state: State,
    ) -> Partition {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Partition {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            topic: topic.to_owned(),
            number,
            directory: directory.to_owned(),
            store: store.clone(),
            state: Mutex::new(state),
            grown: Condvar::new(),
        }
    }

    /// Number of segment files.
    pub(super) fn segments(&self) -> u64 {
        self.state.lock().segments.len() as u64
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        let state = self.state.lock();
        state.full_bytes + state.active_bytes
    }

    /// Stops the journal, and wakes the readers.
    pub(super) fn stop(&self, why: &str) {
        let stopped = &mut self.state.lock().stopped;
        stopped.get_or_insert_with(|| why.to_owned());
        self.grown.notify_all();
    }
}

impl Index {
    /// Indexes a record, if it is far enough from the last indexed one.
    pub(super) fn note(&mut self, offset: u64, position: u64) {
        if self
            .0
            .last()
            .is_none_or(|(_, last)| position - last >= INDEX_SPACING)
        {
            self.0.push((offset, position));
        }
    }

    /// The position to scan from for `offset`.
    pub(super) fn locate(&self, offset: u64) -> u64 {
        let above = self.0.partition_point(|(first, _)| *first <= offset);
        above.checked_sub(1).map_or(0, |i| self.0[i].1)
    }
}

/// The path of the segment that begins at `base`.
pub(super) fn segment_path(directory: &Path, base: u64) -> PathBuf {
    directory.join(format!("{base:020}.log"))
}

/// The base in a segment's file name.
pub(super) fn segment_base(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    if digits.len() != 20 {
        None
    } else {
        digits.parse().ok()
    }
}
