//! Records as they are read, in batches, by a reader.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::Error;
use crate::provider;

/// What a record costs beside its bytes when batches are measured, in bytes.
const RECORD_OVERHEAD_BYTES: usize = 64;

/// A durable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: u64,
    /// When the journal took it, in milliseconds since the Unix epoch.
    pub append_ms: u64,
    /// The key, if there is one.
    pub key: Option<Bytes>,
    /// The value; a null value reads as an empty one.
    pub value: Bytes,
    /// Headers in the order they were given; names may repeat.
    pub headers: Vec<(String, Bytes)>,
}

impl Record {
    /// What the record counts for in windows and batch limits, in bytes.
    pub fn size(&self) -> usize {
        let key = self.key.as_ref().map_or(0, Bytes::len);
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        RECORD_OVERHEAD_BYTES + key + self.value.len() + headers
    }
}

/// What one read delivers.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Records in offset order; offsets may have holes.
    pub records: Vec<Record>,
    /// Every record below this offset has been delivered: where reading goes on.
    pub next: u64,
    /// End of the log as last known: the offset of the next append. Never below `next`.
    pub end: u64,
    /// Room these records take in a [`Tail`](crate::Tail)'s window, given back when the last clone is dropped.
    pub permit: Option<Permit>,
}

/// Holds room in a window until its last clone is dropped.
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

/// The two ends of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// First offset that is still there.
    pub start: u64,
    /// Offset of the next append: one above the last record.
    pub end: u64,
}

/// Reads one partition in order.
pub struct Reader {
    pub(crate) inner: provider::Reader,
}

impl Reader {
    /// The next records, at most about `max_bytes` of them (measured by [`Record::size`]; always at least one record).
    ///
    /// Blocks up to `wait` for the first record; what is there then comes at once. An empty batch means that the time is over.
    /// Errors: [`Error::OutOfRange`] when the offset lies outside the log, [`Error::Unavailable`] when the log
    /// cannot be reached (the reader stays where it is and may be called again), [`Error::Corrupt`].
    pub fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        self.inner.next(max_bytes, wait)
    }

    /// Goes on reading at `from`. Whether that is inside the log shows at the next read.
    pub fn seek(&mut self, from: u64) -> Result<(), Error> {
        self.inner.seek(from)
    }
}
