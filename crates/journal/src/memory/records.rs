//! One partition's records in memory.

use std::collections::VecDeque;

use crate::append::{Appended, Entry};
use crate::queue::Outcome;
use crate::record::{BATCH_RECORDS, Batch, Headers, Offsets, Record};

/// Records in offset order, with holes.
#[derive(Default)]
pub(super) struct Records {
    start: u64,
    end: u64,
    last_append_ms: u64,
    records: VecDeque<Record>,
}

impl Records {
    pub(super) fn offsets(&self) -> Offsets {
        Offsets {
            start: self.start,
            end: self.end,
        }
    }

    pub(super) fn append(&mut self, entry: &Entry, now_ms: u64) -> Outcome {
        self.last_append_ms = self.last_append_ms.max(now_ms);
        let offset = self.end;
        self.end += 1;
        self.records.push_back(Record {
            offset,
            append_ms: self.last_append_ms,
            key: entry.key.clone(),
            value: entry.value.clone(),
            headers: entry.headers.clone(),
        });
        Ok(Appended {
            offset: Some(offset),
            append_ms: self.last_append_ms,
        })
    }

    /// The records from `from` on: at most about `max_bytes`, but at least one if there is any.
    pub(super) fn read(&self, from: u64, max_bytes: usize, headers: Headers) -> Batch {
        let first = self.records.partition_point(|record| record.offset < from);
        let mut bytes = 0;
        let mut records = Vec::new();
        for held in self.records.range(first..).take(BATCH_RECORDS) {
            let record = Record {
                offset: held.offset,
                append_ms: held.append_ms,
                key: held.key.clone(),
                value: held.value.clone(),
                headers: headers.of(&held.headers),
            };
            bytes += record.size();
            if !records.is_empty() && bytes > max_bytes {
                break;
            }
            records.push(record);
        }
        let next = match self.records.get(first + records.len()) {
            Some(following) => following.offset,
            None => self.end,
        };
        Batch {
            records,
            next,
            end: self.end,
            ..Batch::default()
        }
    }
}

#[cfg(feature = "testing")]
impl Records {
    /// Leaves the next `count` offsets as holes.
    pub(super) fn skip(&mut self, count: u64) {
        self.end += count;
    }

    /// Deletes everything below `start`.
    pub(super) fn cut_start(&mut self, start: u64) {
        self.start = self.start.max(start.min(self.end));
        self.records.retain(|record| record.offset >= start);
    }

    /// Deletes everything from `end` on.
    pub(super) fn truncate(&mut self, end: u64) {
        self.end = self.end.min(end.max(self.start));
        self.records.retain(|record| record.offset < end);
    }

    /// Replaces the value of a record.
    pub(super) fn rewrite(&mut self, offset: u64, value: bytes::Bytes) {
        for record in self
            .records
            .iter_mut()
            .filter(|record| record.offset == offset)
        {
            record.value = value.clone();
        }
    }
}
