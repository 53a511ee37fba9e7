//! Reading a partition on disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Disk;
use super::files::File;
use super::partition::{Partition, segment_path};
use super::recover;
use super::scan::{Scan, Step};
use crate::Error;
use crate::record::{BATCH_RECORDS, Batch, Headers, Offsets};

/// Reads one partition.
pub(crate) struct Reader {
    partition: Arc<Partition>,
    next: u64,
    /// The segment in hand, by its base, and the place in it.
    scan: Option<(u64, Scan)>,
    headers: Headers,
    /// Keeps the journal open.
    _disk: Disk,
}

/// Where an offset is.
struct Found {
    base: u64,
    /// Offset behind the segment's last record, so far.
    end: u64,
    /// The file and its synced bytes, if it is the one written to.
    active: Option<(Arc<dyn File>, u64)>,
    /// Where to begin looking.
    position: u64,
}

impl Reader {
    pub(super) fn new(disk: Disk, partition: Arc<Partition>, from: u64) -> Reader {
        Reader {
            partition,
            next: from,
            scan: None,
            headers: Headers::default(),
            _disk: disk,
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
        let mut batch = Batch {
            records: Vec::new(),
            next: self.next,
            end,
            permit: None,
        };
        let mut bytes = 0;
        while self.next < end && bytes < max_bytes {
            let found = self.find();
            self.aim(&found)?;
            if !self.read(&found, &mut batch, &mut bytes, max_bytes)? {
                break;
            }
        }
        batch.next = self.next;
        // The log may have grown meanwhile.
        batch.end = end.max(self.next);
        Ok(batch)
    }

    /// Waits for a record; returns the end of the log.
    fn wait(&self, wait: Duration) -> Result<u64, Error> {
        let deadline = Instant::now() + wait;
        let mut state = self.partition.state.lock();
        loop {
            let Offsets { start, end } = Offsets {
                start: state.segments[0].base,
                end: state.end,
            };
            if self.next < start || self.next > end {
                let (topic, partition) = (self.partition.topic.clone(), self.partition.number);
                return Err(Error::OutOfRange {
                    topic,
                    partition,
                    offset: self.next,
                    start,
                    end,
                });
            }
            if self.next < end {
                return Ok(end);
            }
            if let Some(why) = &state.stopped {
                return Err(Error::Stopped(why.clone()));
            }
            if self
                .partition
                .grown
                .wait_until(&mut state, deadline)
                .timed_out()
                && self.next >= state.end
            {
                return Ok(state.end);
            }
        }
    }

    /// The segment that holds the next record.
    fn find(&self) -> Found {
        let state = self.partition.state.lock();
        let above = state
            .segments
            .partition_point(|segment| segment.base <= self.next);
        let segment = &state.segments[above - 1];
        let following = state.segments.get(above).map(|segment| segment.base);
        Found {
            base: segment.base,
            end: following.unwrap_or(state.end),
            active: following
                .is_none()
                .then(|| (Arc::clone(&state.active), state.active_bytes)),
            position: segment.index.locate(self.next),
        }
    }

    /// Puts the scan into that segment, where it is not yet.
    fn aim(&mut self, found: &Found) -> Result<(), Error> {
        if let (Some((base, scan)), Some((_, bytes))) = (&mut self.scan, &found.active)
            && *base == found.base
        {
            scan.extend(*bytes);
            return Ok(());
        }
        let path = segment_path(&self.partition.directory, found.base);
        let io = |error: std::io::Error| Error::Io {
            file: path.clone(),
            detail: error.to_string(),
        };
        let (file, length) = match &found.active {
            Some((file, bytes)) => (Arc::clone(file), *bytes),
            None => {
                let file = self.partition.files.open(&path, false).map_err(io)?;
                let length = file.length().map_err(io)?;
                (file, length)
            }
        };
        match &mut self.scan {
            // It was the one written to and is full now: its file says how long it is.
            Some((base, scan)) if *base == found.base => scan.extend(length),
            scan => {
                let fresh = Scan::new(file, &path, self.partition.salt, found.position, length);
                *scan = Some((found.base, fresh));
            }
        }
        Ok(())
    }

    /// Reads records of one segment; false when the batch is full.
    fn read(
        &mut self,
        found: &Found,
        batch: &mut Batch,
        bytes: &mut usize,
        max_bytes: usize,
    ) -> Result<bool, Error> {
        let Some((_, scan)) = &mut self.scan else {
            return Ok(false);
        };
        while self.next < found.end {
            let (length, record) = match scan.peek()? {
                Step::Frame(frame) if frame.offset < self.next => (frame.length(), None),
                Step::Frame(frame)
                    if recover::follows(frame.offset, self.next, self.partition.holes) =>
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
                    return Err(scan.corrupt(format!("the record {} is not there", self.next)));
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
            scan.pass(length);
        }
        // A full segment may not have been looked at when the journal was opened.
        if found.active.is_none() && !matches!(scan.peek()?, Step::End) {
            return Err(scan.corrupt(format!("there is more behind the record {}", self.next - 1)));
        }
        Ok(true)
    }
}
