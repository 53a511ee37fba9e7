//! The words of appending: entries go in without blocking, completions come back in batches.

use std::sync::Arc;

use bytes::Bytes;

/// A record to be appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where it goes: always explicit, see [`murmur2_partition`](crate::murmur2_partition).
    pub partition: u32,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Bytes,
    /// Headers; names may repeat.
    pub headers: Vec<(String, Bytes)>,
}

impl Entry {
    /// Bytes of its key, value and headers.
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

/// Where and when a record landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its offset; unknown only when Kafka acknowledged a repeated try of an idempotent producer without naming one.
    pub offset: Option<u64>,
    /// The append time in milliseconds since the Unix epoch (0 when the offset is unknown).
    pub append_ms: u64,
}

/// Why a record was not appended, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The queue is full; the entry was not taken. Try again later.
    #[error("the append queue is full; try again later")]
    Full,
    /// Not persisted; trying again may help.
    #[error("not persisted: {0}; trying again may help")]
    Retryable(String),
    /// Not persisted, and trying again will not help: too large, not authorised, no such partition, a journal that has
    /// stopped.
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
    /// Where it landed, or why not.
    pub result: Result<Appended, AppendError>,
}

/// Takes whole batches of completions on the provider's own thread; it must not block.
pub type Sink = Arc<dyn Fn(Vec<Completion>) + Send + Sync>;
