//! Reads a partition on disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::files::File;
use super::partition::{Partition, segment_path};
use super::recover;
use super::scan::{Scan, Step};
use crate::error::Error;
use crate::local::SharedQueue;
use crate::record::{BATCH_RECORDS, Batch, Headers};

/// Reads one partition.
pub(crate) struct Reader {
    partition: Arc<Partition>,
    next: u64,
    /// The current segment, by its base, and the position in it.
    scan: Option<(u64, Scan)>,
    headers: Headers,
    /// Keeps the journal open.
    _queue: SharedQueue<Partition>,
}

/// The place of an offset.
struct Location {
    base: u64,
    /// Offset after the segment's last record, so far.
    end: u64,
    /// The file and its synced bytes, if it is the active segment.
    active: Option<(File, u64)>,
    /// Position in the file to scan from.
    position: u64,
}

impl Reader {
    pub(super) fn new(
        queue: SharedQueue<Partition>,
        partition: Arc<Partition>,
        from: u64,
    ) -> Reader {
        Reader {
            partition,
            next: from,
            scan: None,
            headers: Headers::default(),
            _queue: queue,
        }
    }

    pub(crate) fn seek(&mut self, from: u64) {
        self.next = from;
        self.scan = None;
    }

    pub(crate) fn keep(&mut self, headers: Headers) {
        self.headers = headers;
    }

    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        let end = self.wait(wait)?;
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while self.next < end && bytes < max_bytes {
            let location = self.locate();
            self.position(&location)?;
            if !self.read(&location, &mut batch, &mut bytes, max_bytes)? {
                break;
            }
        }
        batch.next = self.next;
        // The partition may have grown meanwhile.
        batch.end = end.max(self.next);
        Ok(batch)
    }

    /// Waits for a record; returns the end of the partition.
    fn wait(&self, wait: Duration) -> Result<u64, Error> {
        let deadline = Instant::now() + wait;
        let mut state = self.partition.state.lock();
        loop {
            let offsets = state.offsets();
            let Partition { topic, number, .. } = &*self.partition;
            offsets.admit(topic, *number, self.next)?;
            let end = offsets.end;
            if self.next < end {
                return Ok(end);
            }
            if let Some(why) = &state.stopped {
                return Err(Error::Stopped(why.clone()));
            }
            let waited = self.partition.grown.wait_until(&mut state, deadline);
            if waited.timed_out() && self.next >= state.end {
                return Ok(state.end);
            }
        }
    }

    /// Finds the segment that holds the next record.
    fn locate(&self) -> Location {
        let state = self.partition.state.lock();
        let above = state
            .segments
            .partition_point(|segment| segment.base <= self.next);
        let segment = &state.segments[above - 1];
        let following = state.segments.get(above).map(|segment| segment.base);
        Location {
            base: segment.base,
            end: following.unwrap_or(state.end),
            active: following
                .is_none()
                .then(|| (state.active.clone(), state.active_bytes)),
            position: segment.index.locate(self.next),
        }
    }

    /// Positions the scan in that segment, unless it is already there.
    fn position(&mut self, location: &Location) -> Result<(), Error> {
        if let (Some((base, scan)), Some((_, bytes))) = (&mut self.scan, &location.active)
            && *base == location.base
        {
            scan.extend(*bytes);
            return Ok(());
        }
        let Partition {
            directory, store, ..
        } = &*self.partition;
        let (file, length) = match &location.active {
            Some((file, bytes)) => (file.clone(), *bytes),
            None => {
                let file = store.files.open(&segment_path(directory, location.base))?;
                let length = file.length()?;
                (file, length)
            }
        };
        match &mut self.scan {
            // The segment was active and is full now, so its file has the final length.
            Some((base, scan)) if *base == location.base => scan.extend(length),
            scan => {
                let fresh = Scan::new(&file, store.salt, location.position, length);
                *scan = Some((location.base, fresh));
            }
        }
        Ok(())
    }

    /// Reads records of one segment; false once the batch is full.
    fn read(
        &mut self,
        location: &Location,
        batch: &mut Batch,
        bytes: &mut usize,
        max_bytes: usize,
    ) -> Result<bool, Error> {
        let Some((_, scan)) = &mut self.scan else {
            return Ok(false);
        };
        while self.next < location.end {
            let (length, record) = match scan.peek()? {
                Step::Frame(frame) if frame.offset < self.next => (frame.length(), None),
                Step::Frame(frame)
                    if recover::follows(
                        frame.offset,
                        self.next,
                        self.partition.store.read_only,
                    ) =>
                {
                    match frame.record(self.headers) {
                        Some(record) => (frame.length(), Some(record)),
                        None => {
                            return Err(
                                scan.corrupt(format!("the record {} has wrong lengths", self.next))
                            );
                        }
                    }
                }
                Step::Frame(frame) => {
                    let detail = format!(
                        "the record {} stands where {} should",
                        frame.offset, self.next
                    );
                    return Err(scan.corrupt(detail));
                }
                Step::Bad(why) => return Err(scan.corrupt(format!("{why} (offset {})", self.next))),
                Step::End => {
                    return Err(scan.corrupt(format!("the record {} is missing", self.next)));
                }
            };
            if let Some(record) = record {
                *bytes += record.size();
                if *bytes > max_bytes && !batch.records.is_empty() {
                    return Ok(false);
                }
                if batch.records.len() == BATCH_RECORDS {
                    return Ok(false);
                }
                self.next = record.offset + 1;
                batch.records.push(record);
            }
            scan.skip(length);
        }
        // A full segment may not have been verified when the journal was opened.
        if location.active.is_none() && !matches!(scan.peek()?, Step::End) {
            return Err(scan.corrupt(format!("there is more after the record {}", self.next - 1)));
        }
        Ok(true)
    }
}
