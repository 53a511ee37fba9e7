//! The writer's side of one partition.

use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use super::super::files::{File, FileError};
use super::super::frame::{self, Salt, Stamp};
use super::super::mark::Mark;
use super::super::partition::{Index, Partition, Segment, segment_path};
use crate::append::{AppendError, Appended, Entry};
use crate::outage::Outage;
use crate::queue::Outcome;

/// Largest buffer kept from one group to the next, in bytes.
const KEPT_BUFFER: usize = 1 << 20;

/// The end of a partition as the writer sees it, and its records of the current group.
pub(crate) struct PartitionWriter {
    partition: Arc<Partition>,
    mark: Mark,
    file: File,
    end: Written,
    /// Failed writes, reported once and not for every group.
    outage: Outage,
    buffer: Vec<u8>,
    /// Records in `buffer`.
    placed: Vec<Placed>,
}

/// The end of what has been written to a partition.
pub(crate) struct Written {
    /// Position in the last segment's file, in bytes.
    pub(crate) position: u64,
    /// Offset of the next record.
    pub(crate) next: u64,
    pub(crate) last_append_ms: u64,
}

/// A record of the current group.
struct Placed {
    offset: u64,
    position: u64,
    append_ms: u64,
    /// Index among the entries of the group.
    index: usize,
}

/// A write has failed.
pub(super) struct Unwritten {
    pub(super) error: FileError,
    /// The cause, if the write could not be undone.
    pub(super) torn: Option<String>,
}

impl PartitionWriter {
    pub(crate) fn new(
        partition: Partition,
        mark: Mark,
        file: File,
        end: Written,
    ) -> PartitionWriter {
        PartitionWriter {
            partition: Arc::new(partition),
            mark,
            file,
            end,
            outage: Outage::default(),
            buffer: Vec::new(),
            placed: Vec::new(),
        }
    }

    /// The state shared with readers.
    pub(crate) fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    pub(super) fn id(&self) -> u64 {
        self.partition.id
    }

    pub(super) fn directory(&self) -> &Path {
        &self.partition.directory
    }

    /// Assigns an offset to an entry and encodes it.
    pub(super) fn place(&mut self, salt: Salt, entry: &Entry, index: usize, now_ms: u64) {
        let offset = self.end.next + self.placed.len() as u64;
        let append_ms = self.end.last_append_ms.max(now_ms);
        let position = self.end.position + self.buffer.len() as u64;
        let stamp = Stamp {
            offset,
            append_ms,
            group: self.end.next,
        };
        frame::encode(salt, &stamp, entry, &mut self.buffer);
        self.placed.push(Placed {
            offset,
            position,
            append_ms,
            index,
        });
    }

    /// Writes the placed records, or leaves the file unchanged.
    pub(super) fn write(&self) -> Result<(), Unwritten> {
        let result = self.file.write_at(&self.buffer, self.end.position);
        let Err(error) = result else { return Ok(()) };
        let undone = self.file.truncate(self.end.position);
        let undone = undone.and_then(|()| self.file.sync());
        let torn = undone.err().map(|second| {
            let directory = self.directory().display();
            format!(
                "{directory} could not be truncated after {}: {}",
                error.source, second.source
            )
        });
        Err(Unwritten { error, torn })
    }

    pub(super) fn sync(&self) -> Result<(), FileError> {
        self.file.sync()
    }

    pub(super) fn sync_mark(&self) -> Result<(), FileError> {
        self.mark.sync()
    }

    /// Fails the placed records, whose outcome is unknown.
    pub(super) fn give_up(&mut self, why: &str, outcomes: &mut [Outcome]) {
        self.fail(&AppendError::Unknown(why.to_owned()), outcomes);
    }

    /// Fails the placed records, which could not be written.
    pub(super) fn refuse(&mut self, error: &FileError, outcomes: &mut [Outcome]) {
        let directory = self.directory().display();
        let why = match error.source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                format!("the disk is full at {directory}; make room, and appends resume")
            }
            _ => format!("writing to {directory} failed: {}", error.source),
        };
        if self.outage.report() {
            tracing::warn!(%why, "appends are refused");
        }
        self.fail(&AppendError::Retryable(why), outcomes);
    }

    fn fail(&mut self, error: &AppendError, outcomes: &mut [Outcome]) {
        for placed in self.placed.drain(..) {
            outcomes[placed.index] = Err(error.clone());
        }
        self.buffer.clear();
    }

    /// Marks, publishes and completes the synced records; starts a new segment if this one is full.
    ///
    /// An error means that a sync failed.
    pub(super) fn publish(&mut self, outcomes: &mut [Outcome]) -> Result<(), FileError> {
        let partition = Arc::clone(&self.partition);
        if self.outage.end() {
            tracing::info!(directory = %partition.directory.display(), "appends resume");
        }
        self.end.position += self.buffer.len() as u64;
        self.end.next += self.placed.len() as u64;
        if let Err(error) = self.mark.set(self.end.next) {
            // A low mark is allowed, as after a power cut.
            tracing::warn!(error = %error.source, file = %self.mark.path().display(), "the synced-end mark cannot be updated");
        }
        let mut state = partition.state.lock();
        let segment = state.segments.last_mut();
        let index = &mut segment.expect("a partition has segments").index;
        for placed in &self.placed {
            index.note(placed.offset, placed.position);
        }
        state.end = self.end.next;
        state.active_bytes = self.end.position;
        drop(state);
        partition.grown.notify_all();
        for placed in self.placed.drain(..) {
            self.end.last_append_ms = placed.append_ms;
            outcomes[placed.index] = Ok(Appended {
                offset: Some(placed.offset),
                append_ms: placed.append_ms,
            });
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER);
        if self.end.position >= partition.store.segment_bytes {
            self.roll()
        } else {
            Ok(())
        }
    }

    /// Starts a new segment after the full one, whose records have all been synced.
    fn roll(&mut self) -> Result<(), FileError> {
        let Partition {
            directory, store, ..
        } = &*self.partition;
        let path = segment_path(directory, self.end.next);
        let file = match store.files.create(&path) {
            Ok(file) => file,
            Err(error) => {
                // The full segment keeps growing, and the next group tries again.
                tracing::warn!(error = %error.source, file = %path.display(), "no new segment can be created");
                return Ok(());
            }
        };
        // From here on the full segment must not grow: the name of the new one states its end.
        store.files.sync_dir(directory)?;
        self.mark.sync()?;
        self.file = file.clone();
        let full = mem::take(&mut self.end.position);
        let mut state = self.partition.state.lock();
        state.full_bytes += full;
        state.segments.push(Segment {
            base: self.end.next,
            index: Index::default(),
        });
        state.active = file;
        state.active_bytes = 0;
        Ok(())
    }
}
