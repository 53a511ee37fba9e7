//! The writer's side of a partition, and the commit of a group.
//!
//! A group takes these steps: write the frames of every partition, sync each file, write the marks, publish the
//! new ends and wake the readers. Then the queue tells the appenders.
//!
//! * A failed *write* (a full disk) is undone by cutting the file back and syncing that; the records are
//!   refused as retryable, the next append tries again, and so the journal heals when there is space.
//! * A failed *sync* stops the journal: the system may have dropped the bytes it could not write and will not say so
//!   again, so what is on disk is unknown until recovery has read it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::figures::Figures;
use super::files::File;
use super::frame::{self, Salt, Stamp};
use super::mark::Mark;
use super::partition::{Index, Partition, Segment, segment_path};
use super::topics::Topics;
use crate::append::{AppendError, Appended};
use crate::clock::now_ms;
use crate::queue::{Outcome, Pending};

/// Largest buffer kept from one group to the next.
const KEPT_BUFFER: usize = 1 << 20;

/// The end of a partition as the writer sees it.
pub(super) struct Writing {
    pub(super) file: Arc<dyn File>,
    pub(super) position: u64,
    pub(super) next: u64,
    pub(super) last_append_ms: u64,
    pub(super) mark: Mark,
    /// The last group could not be written: said once, not for every group.
    pub(super) refusing: bool,
    pub(super) buffer: Vec<u8>,
    /// Records in `buffer`: (offset, position in the file, append time, place in the group).
    pub(super) placed: Vec<Placed>,
}

/// A record of the group in hand.
pub(super) struct Placed {
    offset: u64,
    position: u64,
    append_ms: u64,
    place: usize,
}

/// Writes groups; lives on the journal's thread.
pub(super) struct Writer {
    salt: Salt,
    topics: Arc<Topics>,
    figures: Arc<Figures>,
    /// Why nothing can be written any more.
    stopped: Option<String>,
}

impl Writer {
    pub(super) fn new(salt: Salt, topics: Arc<Topics>, figures: Arc<Figures>) -> Writer {
        Writer {
            salt,
            topics,
            figures,
            stopped: None,
        }
    }

    /// Makes a group durable.
    pub(super) fn commit(&mut self, group: &[Pending<Arc<Partition>>]) -> Vec<Outcome> {
        if let Some(why) = &self.stopped {
            // For good: nobody should go on trying in a process that is to end.
            return group
                .iter()
                .map(|_| Err(AppendError::Terminal(why.clone())))
                .collect();
        }
        self.figures.group(group.len());
        // Every place is filled below; this one only costs nothing.
        let mut outcomes: Vec<Outcome> = group.iter().map(|_| Err(AppendError::Full)).collect();
        let mut written = Vec::new();
        for partition in self.place(group) {
            match self.write(&partition) {
                Ok(()) => written.push(partition),
                Err(_) if self.stopped.is_some() => self.give_up(&partition, &mut outcomes),
                Err(error) => fail(&partition, &error, &mut outcomes),
            }
        }
        for partition in &written {
            self.settle(partition, &mut outcomes);
        }
        outcomes
    }

    /// Syncs and publishes what was written to a partition.
    fn settle(&mut self, partition: &Arc<Partition>, outcomes: &mut [Outcome]) {
        if self.stopped.is_none() {
            let began = Instant::now();
            let result = partition.writing.lock().file.sync();
            self.figures.synced(began.elapsed());
            if let Err(error) = result {
                self.stop(format!(
                    "syncing {} failed: {error}",
                    partition.directory.display()
                ));
            }
        }
        if self.stopped.is_some() {
            return self.give_up(partition, outcomes);
        }
        if let Err(error) = publish(partition, outcomes) {
            self.stop(format!(
                "syncing {} failed: {error}",
                partition.directory.display()
            ));
        }
    }

    /// Gives every entry its offset and its bytes; returns the partitions concerned.
    fn place(&self, group: &[Pending<Arc<Partition>>]) -> Vec<Arc<Partition>> {
        let now = now_ms();
        let mut touched: Vec<Arc<Partition>> = Vec::new();
        for (place, pending) in group.iter().enumerate() {
            let partition = &pending.target;
            if !touched.iter().any(|known| Arc::ptr_eq(known, partition)) {
                touched.push(Arc::clone(partition));
            }
            let mut guard = partition.writing.lock();
            let writing = &mut *guard;
            let offset = writing.next + writing.placed.len() as u64;
            let append_ms = writing.last_append_ms.max(now);
            let position = writing.position + writing.buffer.len() as u64;
            let stamp = Stamp {
                offset,
                append_ms,
                group: writing.next,
            };
            frame::encode(self.salt, &stamp, &pending.entry, &mut writing.buffer);
            writing.placed.push(Placed {
                offset,
                position,
                append_ms,
                place,
            });
        }
        touched
    }

    /// Writes what was placed, or leaves the file as it was.
    fn write(&mut self, partition: &Arc<Partition>) -> io::Result<()> {
        let mut guard = partition.writing.lock();
        let writing = &mut *guard;
        let result = writing.file.write_at(&writing.buffer, writing.position);
        let Err(error) = result else { return Ok(()) };
        let undone = writing
            .file
            .truncate(writing.position)
            .and_then(|()| writing.file.sync());
        drop(guard);
        if let Err(second) = undone {
            self.stop(format!(
                "{} could not be cut back after {error}: {second}",
                partition.directory.display()
            ));
        }
        Err(error)
    }

    fn stop(&mut self, why: String) {
        tracing::error!(%why, "the journal has stopped; restart the process");
        for partition in self.topics.partitions() {
            partition.stop(&why);
        }
        self.stopped = Some(format!(
            "the journal has stopped: {why}; restart the process"
        ));
    }

    /// Nobody can know what became of these.
    fn give_up(&self, partition: &Partition, outcomes: &mut [Outcome]) {
        let why = self.stopped.clone().unwrap_or_default();
        let mut writing = partition.writing.lock();
        for placed in writing.placed.drain(..) {
            outcomes[placed.place] = Err(AppendError::Unknown(why.clone()));
        }
        writing.buffer.clear();
    }
}

impl Drop for Writer {
    /// The marks of a journal that is closed survive the power.
    fn drop(&mut self) {
        if self.stopped.is_none() {
            for partition in self.topics.partitions() {
                let _ = partition.writing.lock().mark.sync();
            }
        }
    }
}

/// Refuses what could not be written.
fn fail(partition: &Partition, error: &io::Error, outcomes: &mut [Outcome]) {
    let why = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!(
                "the disk is full at {}; make room, appends then go on",
                partition.directory.display()
            )
        }
        _ => format!(
            "writing to {} failed: {error}",
            partition.directory.display()
        ),
    };
    let mut writing = partition.writing.lock();
    if !std::mem::replace(&mut writing.refusing, true) {
        tracing::warn!(%why, "appends are refused");
    }
    for placed in writing.placed.drain(..) {
        outcomes[placed.place] = Err(AppendError::Retryable(why.clone()));
    }
    writing.buffer.clear();
}

/// Marks, shows and reports what has been synced; begins a new segment when this one is full.
///
/// An error means that a sync failed.
fn publish(partition: &Partition, outcomes: &mut [Outcome]) -> io::Result<()> {
    let mut guard = partition.writing.lock();
    let writing = &mut *guard;
    if std::mem::take(&mut writing.refusing) {
        tracing::info!(directory = %partition.directory.display(), "appends go on");
    }
    writing.position += writing.buffer.len() as u64;
    writing.next += writing.placed.len() as u64;
    if let Err(error) = writing.mark.set(writing.next) {
        // An old mark is as good as after a power cut.
        tracing::warn!(%error, file = %writing.mark.path().display(), "the synced-end mark is not kept up");
    }
    let mut state = partition.state.lock();
    let index = &mut state
        .segments
        .last_mut()
        .expect("a partition has segments")
        .index;
    for placed in &writing.placed {
        index.note(placed.offset, placed.position);
    }
    state.end = writing.next;
    state.active_bytes = writing.position;
    drop(state);
    partition.grown.notify_all();
    for placed in writing.placed.drain(..) {
        writing.last_append_ms = placed.append_ms;
        let appended = Appended {
            offset: Some(placed.offset),
            append_ms: placed.append_ms,
        };
        outcomes[placed.place] = Ok(appended);
    }
    writing.buffer.clear();
    writing.buffer.shrink_to(KEPT_BUFFER);
    if writing.position >= partition.segment_bytes {
        roll(partition, writing)
    } else {
        Ok(())
    }
}

/// Begins a new segment behind the full one, whose records have all been synced.
fn roll(partition: &Partition, writing: &mut Writing) -> io::Result<()> {
    let path = segment_path(&partition.directory, writing.next);
    let file = match partition.files.open(&path, true) {
        Ok(file) => file,
        Err(error) => {
            // The full one goes on growing, and the next group tries again.
            tracing::warn!(%error, file = %path.display(), "no new segment can be made");
            return Ok(());
        }
    };
    // From here on the full one must not grow: the name of the new one says where it ends.
    partition.files.sync_dir(&partition.directory)?;
    writing.mark.sync()?;
    writing.file = Arc::clone(&file);
    let full = std::mem::take(&mut writing.position);
    let mut state = partition.state.lock();
    state.full_bytes += full;
    state.segments.push(Segment {
        base: writing.next,
        index: Index::default(),
    });
    state.active = file;
    state.active_bytes = 0;
    Ok(())
}
