//! One-call helpers for tests on a journal; and a partition without a journal, for cores that are stepped by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::{Appended, Batch, Entry, Error, Headers, Journal, Offsets, Options, Record, Url};

/// Time limit of every operation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

impl Journal {
    /// A new journal in memory.
    pub fn memory() -> Journal {
        let url = Url::parse("memory:").expect("a URL");
        Journal::open(&url, &Options::default()).expect("memory opens")
    }

    /// Appends a value.
    pub fn put(&self, topic: &str, partition: u32, value: Bytes) -> Appended {
        let entry = Entry {
            partition,
            value,
            ..Entry::default()
        };
        self.append(topic, entry, PATIENCE).expect("it is appended")
    }

    /// The records of a partition from an offset to its end.
    pub fn records(&self, topic: &str, partition: u32, from: u64) -> Vec<Record> {
        let end = self.offsets(topic, partition).expect("offsets").end;
        let reader = self.reader(topic, partition, from).expect("a reader");
        let mut reader = reader.keep(Headers::All);
        let (mut next, mut records) = (from, Vec::new());
        while next < end {
            let batch = reader.next(1 << 20, PATIENCE).expect("records");
            next = batch.next;
            records.extend(batch.records);
        }
        records
    }
}

/// A partition of a topic that a test can change behind the backs of its readers.
#[derive(Clone, Default)]
pub struct Partition {
    /// The first offset that it has.
    pub start: u64,
    /// The next offset.
    pub end: u64,
    /// By offset; a hole has none.
    pub records: BTreeMap<u64, Record>,
}

impl Partition {
    /// Appends a record, and returns its offset.
    pub fn append(&mut self, append_ms: u64, value: Bytes, headers: Vec<(String, Bytes)>) -> u64 {
        let offset = self.end;
        let record = Record {
            offset,
            append_ms,
            key: None,
            value,
            headers,
        };
        self.records.insert(offset, record);
        self.end += 1;
        offset
    }

    /// Loses everything from an offset on.
    pub fn cut(&mut self, end: u64) {
        self.end = end;
        self.records.retain(|offset, _| *offset < end);
    }

    /// Loses everything below an offset.
    pub fn prune(&mut self, start: u64) {
        (self.start, self.end) = (start, self.end.max(start));
        self.records.retain(|offset, _| *offset >= start);
    }

    /// The ends of the partition.
    pub fn offsets(&self) -> Offsets {
        let (start, end) = (self.start, self.end);
        Offsets { start, end }
    }

    /// False if a record that was read is gone or replaced, and not by pruning.
    pub fn holds(&self, read: &Record) -> bool {
        read.offset < self.start || self.records.get(&read.offset) == Some(read)
    }

    /// The next records for a reader, at most that many.
    pub fn read(&self, from: u64, most: usize) -> Batch {
        let records = self.records.range(from..).take(most);
        let records: Vec<_> = records.map(|(_, record)| record.clone()).collect();
        let next = records.last().filter(|_| records.len() == most);
        Batch {
            next: next.map_or(self.end, |last| last.offset + 1),
            end: self.end,
            permit: None,
            records,
        }
    }

    /// The error of a reader at an offset outside the partition.
    pub fn out_of_range(&self, partition: u32, offset: u64) -> Option<Error> {
        let (start, end) = (self.start, self.end);
        (offset < start || offset > end).then(|| Error::OutOfRange {
            topic: "transactions".to_owned(),
            partition,
            offset,
            start,
            end,
        })
    }

    /// The error of a reader whose last record is no longer held.
    pub fn changed(&self, partition: u32, read: &Record) -> Option<Error> {
        (!self.holds(read)).then(|| Error::Changed {
            topic: "transactions".to_owned(),
            partition,
            offset: read.offset,
            start: self.start,
            end: self.end,
        })
    }
}
