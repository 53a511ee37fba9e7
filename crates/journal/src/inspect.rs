//! Inspecting a partition: its ends, one of its records, and whether a record that was read is still there.
//!
//! A partition can lose its end and grow again (a broker without replicas that lost power, a leader that was elected although it
//! lagged behind), and a reader at its end may never notice. The record that was read last shows it: a partition loses its end
//! only, so a record that is still there vouches for everything below it.

use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::journal::Journal;
use crate::record::{Headers, Offsets, Record};

/// Longest wait for a record that is there.
const READ_WAIT: Duration = Duration::from_secs(5);
/// An end below the expected one is read this often before it is believed: a new leader may take a moment to know its end.
const LOOKS_AT_A_SHORT_END: u32 = 3;
/// Pause between two of these looks.
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// A partition at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its two ends.
    pub offsets: Offsets,
    /// The record at the offset asked for, if there is one.
    pub record: Option<Record>,
}

impl Journal {
    /// Looks at the ends of a partition, and at the record at `offset` if one is given.
    ///
    /// The partition should reach `reach`: an end below is believed only after several looks, which take half a second.
    pub fn look(
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
                Ok(look) if look.offsets.end < reach && looks < LOOKS_AT_A_SHORT_END => {}
                // The ends moved between two looks.
                Err(Error::OutOfRange { .. }) if looks < LOOKS_AT_A_SHORT_END => {}
                Err(error @ Error::OutOfRange { .. }) => {
                    return Err(Error::Unavailable(format!("its ends keep moving: {error}")));
                }
                other => return other,
            }
            thread::sleep(LOOK_PAUSE);
        }
    }

    /// Returns the ends of the partition if it still holds `read`: the same bytes, appended at the same time. Then it holds
    /// everything that was read below as well.
    ///
    /// # Errors
    /// [`Error::Changed`] when it does not. A record that was deleted at the beginning since is no change.
    pub fn confirm(&self, topic: &str, partition: u32, read: &Record) -> Result<Offsets, Error> {
        let look = self.look(topic, partition, Some(read.offset), read.offset + 1)?;
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

    /// The record at an offset inside the partition; `None`: a hole.
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
