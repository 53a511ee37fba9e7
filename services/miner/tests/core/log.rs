//! A partition of a topic as a plain vector.

use bytes::Bytes;
use journal::{Batch, Record};

/// Headers of a record.
pub type Headers = Vec<(String, Bytes)>;

/// A topic's partition.
#[derive(Default)]
pub struct Log {
    pub start: u64,
    pub end: u64,
    pub records: Vec<Record>,
}

impl Log {
    pub fn append(&mut self, append_ms: u64, value: Bytes, headers: Headers) -> u64 {
        let offset = self.end;
        self.records.push(Record {
            offset,
            append_ms,
            key: None,
            value,
            headers,
        });
        self.end += 1;
        offset
    }

    pub fn holds(&self, record: &Record) -> bool {
        record.offset < self.start || self.records.contains(record)
    }

    pub fn batch(&self, from: u64) -> Batch {
        let records = self.records.iter().filter(|r| r.offset >= from);
        Batch {
            records: records.cloned().collect(),
            next: self.end,
            end: self.end,
            permit: None,
        }
    }
}
