//! Types of appending: entries go in without blocking, completions come back in batches.

use std::sync::Arc;

use bytes::Bytes;

/// A record to be appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Partition, always explicit: see [`murmur2_partition`](crate::murmur2_partition).
    pub partition: u32,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Bytes,
    /// Headers; names may repeat.
    pub headers: Vec<(String, Bytes)>,
}

impl Entry {
    /// Bytes of key, value and headers.
    pub(crate) fn size(&self) -> usize {
        let key = self.key.as_ref().map_or(0, Bytes::len);
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        key + self.value.len() + headers
    }
}

/// The position and time of an appended record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset; unknown only if Kafka acknowledged a retry of an idempotent producer without naming one.
    pub offset: Option<u64>,
    /// Append time in milliseconds since the Unix epoch; 0 if the offset is unknown.
    pub append_ms: u64,
}

/// A record was not appended, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The queue is full; the entry was not accepted. Retry later.
    #[error("the append queue is full; try again later")]
    Full,
    /// Not persisted; a retry may succeed.
    #[error("not persisted: {0}; trying again may help")]
    Retryable(String),
    /// Not persisted, and a retry will fail, too: too large, not authorised, no such partition, a stopped journal.
    #[error("refused: {0}")]
    Terminal(String),
    /// The outcome is unknown: the record may be in the topic, now or later.
    #[error("possibly persisted: {0}")]
    Unknown(String),
}

/// The outcome of one append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The token given to [`Appender::append`](crate::Appender::append).
    pub token: u64,
    /// The position, or the failure.
    pub result: Result<Appended, AppendError>,
}

/// Receives batches of completions on the provider's thread; it must not block.
pub type Sink = Arc<dyn Fn(Vec<Completion>) + Send + Sync>;
