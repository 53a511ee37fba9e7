//! Inspection of a partition: its ends, one of its records, and the check that a record that was read still exists.
//!
//! A partition can lose its end and grow again (a broker without replicas that lost power, a leader that was elected although it
//! lagged), and a reader at its end may never notice. The record that was read last reveals it: a partition loses only its end,
//! so a record that still exists proves that everything below it does.

use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::journal::Journal;
use crate::record::{Headers, Offsets, Record};

/// Longest wait for a record within the ends.
const READ_WAIT: Duration = Duration::from_secs(5);
/// Reads of an end below the expected one before it is accepted: a new leader may take a moment to learn its end.
const SHORT_END_READS: u32 = 3;
/// Pause between two of these reads.
const SHORT_END_PAUSE: Duration = Duration::from_millis(200);

/// The state of a partition at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// First and next offset.
    pub offsets: Offsets,
    /// The record at the requested offset, if there is one.
    pub record: Option<Record>,
}

impl Journal {
    /// Reads the ends of a partition, and the record at `offset` if one is given.
    ///
    /// The partition should reach `reach`: an end below it is accepted only after several reads, which take half a second.
    pub fn inspect(
        &self,
        topic: &str,
        partition: u32,
        offset: Option<u64>,
        reach: u64,
    ) -> Result<Inspection, Error> {
        let mut looks = 0;
        loop {
            let look = self.look_once(topic, partition, offset);
            looks += 1;
            match look {
                Ok(look) if look.offsets.end < reach && looks < SHORT_END_READS => {}
                // The ends moved between two reads.
                Err(Error::OutOfRange { .. }) if looks < SHORT_END_READS => {}
                Err(error @ Error::OutOfRange { .. }) => {
                    return Err(Error::Unavailable(format!("its ends keep moving: {error}")));
                }
                other => return other,
            }
            thread::sleep(SHORT_END_PAUSE);
        }
    }

    /// Returns the ends of the partition if it still holds `read`: the same bytes, appended at the same time. Then it also holds
    /// everything that was read below.
    ///
    /// # Errors
    /// [`Error::Changed`] if it does not. A record that has been deleted from the beginning is no change.
    pub fn confirm(&self, topic: &str, partition: u32, read: &Record) -> Result<Offsets, Error> {
        let look = self.inspect(topic, partition, Some(read.offset), read.offset + 1)?;
        let Offsets { start, end } = look.offsets;
        let same = look.record.is_some_and(|record| {
            (record.append_ms, &record.key, &record.value)
                == (read.append_ms, &read.key, &read.value)
        });
        if same || read.offset < start {
            return Ok(look.offsets);
        }
        Err(Error::Changed {
            topic: topic.to_owned(),
            partition,
            offset: read.offset,
            start,
            end,
        })
    }

    fn look_once(
        &self,
        topic: &str,
        partition: u32,
        offset: Option<u64>,
    ) -> Result<Inspection, Error> {
        let offsets = self.offsets(topic, partition)?;
        let inside = offset.filter(|offset| (offsets.start..offsets.end).contains(offset));
        let record = inside.map_or(Ok(None), |offset| self.record_at(topic, partition, offset))?;
        Ok(Inspection { offsets, record })
    }

    /// The record at an offset inside the partition; `None` for a hole.
    fn record_at(&self, topic: &str, partition: u32, offset: u64) -> Result<Option<Record>, Error> {
        let reader = self.reader(topic, partition, offset)?;
        let batch = reader.keep(Headers::None).next(1, READ_WAIT)?;
        let next = batch.next;
        match batch.records.into_iter().next() {
            Some(record) => Ok(Some(record).filter(|record| record.offset == offset)),
            None if next <= offset => Err(Error::Unavailable(format!(
                "offset {offset} could not be read in {READ_WAIT:?}"
            ))),
            None => Ok(None),
        }
    }
}
