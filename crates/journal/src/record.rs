//! Types of reading: records, their kept headers, batches, the ends of a partition.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;
use crate::limits::MAX_TRACE_HEADERS;
use crate::trace::{TRACEPARENT, TRACESTATE};

/// Overhead of a record in the size of batches, in bytes.
const RECORD_OVERHEAD_BYTES: usize = 64;
/// Overhead of a header in bytes: two allocations and a list entry, although an empty header takes two bytes on a topic.
const HEADER_OVERHEAD_BYTES: usize = 128;
/// Limit of records in a batch: the smallest record takes a few bytes on a topic, and many times that in memory.
pub(crate) const BATCH_RECORDS: usize = 65_536;
/// Names of the headers that [`Headers::Traces`] keeps.
const TRACES: [&str; 2] = [TRACEPARENT, TRACESTATE];
/// Limit of their names and values for one record, in bytes.
const TRACE_BYTES: usize = 16 << 10;

/// The headers that a reader keeps.
///
/// Any client that may append can send a record with a hundred thousand headers; those not kept are not copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Headers {
    /// None; they are not even decoded.
    None,
    /// `traceparent` and `tracestate`: the first [`MAX_TRACE_HEADERS`] of them, and 16 KiB.
    #[default]
    Traces,
    /// All headers.
    All,
}

/// The kept headers of one record, while it is read.
pub(crate) struct Kept {
    wanted: Headers,
    bytes: usize,
    headers: Vec<(String, Bytes)>,
}

impl Headers {
    /// Starts with a record.
    pub(crate) fn keep(self) -> Kept {
        Kept {
            wanted: self,
            bytes: 0,
            headers: Vec::new(),
        }
    }

    /// Filters headers that are in memory.
    pub(crate) fn of(self, headers: &[(String, Bytes)]) -> Vec<(String, Bytes)> {
        let mut kept = self.keep();
        for (name, value) in headers {
            if kept.wants(name.as_bytes(), value.len()) {
                kept.push(name.clone(), value.clone());
            }
        }
        kept.into_headers()
    }
}

impl Kept {
    /// True if this header is kept, too.
    pub(crate) fn wants(&self, name: &[u8], value_bytes: usize) -> bool {
        match self.wanted {
            Headers::None => false,
            Headers::Traces => {
                self.headers.len() < MAX_TRACE_HEADERS
                    && self.bytes + name.len() + value_bytes <= TRACE_BYTES
                    && TRACES.iter().any(|trace| trace.as_bytes() == name)
            }
            Headers::All => true,
        }
    }

    pub(crate) fn push(&mut self, name: String, value: Bytes) {
        self.bytes += name.len() + value.len();
        self.headers.push((name, value));
    }

    pub(crate) fn into_headers(self) -> Vec<(String, Bytes)> {
        self.headers
    }
}

/// A durable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position in the partition, counted from 0.
    pub offset: u64,
    /// Append time, in milliseconds since the Unix epoch.
    pub append_ms: u64,
    /// The key, if there is one.
    pub key: Option<Bytes>,
    /// The value; a null value reads as an empty one.
    pub value: Bytes,
    /// The kept headers, in the order of the record; names may repeat.
    pub headers: Vec<(String, Bytes)>,
}

impl Record {
    /// Size of the record in windows and batch limits, in bytes.
    pub fn size(&self) -> usize {
        let key = self.key.as_ref().map_or(0, Bytes::len);
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| HEADER_OVERHEAD_BYTES + name.len() + value.len())
            .sum();
        RECORD_OVERHEAD_BYTES + key + self.value.len() + headers
    }
}

/// The result of one read.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Records in offset order; offsets may have holes.
    pub records: Vec<Record>,
    /// Every record below this offset has been delivered; the next read starts here.
    pub next: u64,
    /// End of the partition as last known: the offset of the next append. Never below `next`.
    pub end: u64,
    /// Room of these records in a [`Tail`](crate::Tail)'s window, released with the last clone.
    pub permit: Option<Permit>,
}

/// Room in a window, released with the last clone.
#[derive(Clone)]
pub struct Permit {
    _held: Arc<dyn Send + Sync>,
}

impl Permit {
    pub(crate) fn new(held: impl Send + Sync + 'static) -> Permit {
        Permit {
            _held: Arc::new(held),
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// The ends of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// First offset that the partition still has.
    pub start: u64,
    /// Offset of the next append: one above the last record, even of an open or aborted Kafka transaction (the *high watermark*,
    /// not the last stable offset).
    pub end: u64,
}

impl Offsets {
    /// Checks that reading may start at `offset`.
    pub(crate) fn admit(self, topic: &str, partition: u32, offset: u64) -> Result<(), Error> {
        let Offsets { start, end } = self;
        if (start..=end).contains(&offset) {
            return Ok(());
        }
        Err(Error::OutOfRange {
            topic: topic.to_owned(),
            partition,
            offset,
            start,
            end,
        })
    }
}
