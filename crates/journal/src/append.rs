//! Appending: entries go in without blocking, completions come back in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use crate::Error;
use crate::provider;

/// Longest time a dropped appender waits for what is still on its way.
const DROP_FLUSH: Duration = Duration::from_secs(5);

/// Tokens are below this: a provider may pack them with something of its own.
const MAX_TOKEN: u64 = 1 << 48;

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
    /// Its offset; unknown only when Kafka acknowledged a repeated try of an idempotent producer without saying it.
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
    /// The outcome is unknown: the record may be in the log, now or later.
    #[error("possibly persisted: {0}")]
    Unknown(String),
}

/// The outcome of one append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The token given to [`Appender::append`].
    pub token: u64,
    /// Where it landed, or why not.
    pub result: Result<Appended, AppendError>,
}

/// Takes whole batches of completions on the provider's own thread; it must not block.
pub type Sink = Arc<dyn Fn(Vec<Completion>) + Send + Sync>;

/// Appends to one topic. Every entry that was taken completes exactly once.
pub struct Appender {
    pub(crate) inner: provider::Appender,
}

impl Appender {
    /// Takes `entry` and returns; the sink will be called with `token` when its outcome is known.
    ///
    /// Never blocks. On an error the entry was not taken and comes back.
    ///
    /// # Panics
    /// When `token` is not below 2^48.
    #[allow(
        clippy::result_large_err,
        reason = "the entry comes back, so that a full queue costs no copy"
    )]
    pub fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        assert!(token < MAX_TOKEN, "tokens are below 2^48");
        self.inner.append(token, entry)
    }

    /// Waits until everything taken so far has completed; [`Error::Unavailable`] when `timeout` is over first.
    pub fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.inner.flush(timeout)
    }
}

impl Drop for Appender {
    /// Waits a bounded time for what is still on its way.
    fn drop(&mut self) {
        if let Err(error) = self.flush(DROP_FLUSH) {
            tracing::warn!(%error, "an appender was dropped before its appends completed");
        }
    }
}

/// One appender's way out: its sink, and how many of its entries are on their way.
pub(crate) struct Outlet {
    sink: Sink,
    open: AtomicUsize,
    lock: Mutex<()>,
    settled: Condvar,
}

impl Outlet {
    pub(crate) fn new(sink: Sink) -> Arc<Outlet> {
        let outlet = Outlet {
            sink,
            open: AtomicUsize::new(0),
            lock: Mutex::new(()),
            settled: Condvar::new(),
        };
        Arc::new(outlet)
    }

    /// An entry was taken.
    pub(crate) fn open(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether anything is on its way.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst) > 0
    }

    /// Hands out completions.
    pub(crate) fn deliver(&self, batch: Vec<Completion>) {
        let count = batch.len();
        (self.sink)(batch);
        self.close(count);
    }

    /// `count` entries are done with.
    pub(crate) fn close(&self, count: usize) {
        if self.open.fetch_sub(count, Ordering::SeqCst) == count {
            drop(self.lock.lock());
            self.settled.notify_all();
        }
    }

    /// Waits until nothing is on its way.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + timeout;
        let mut guard = self.lock.lock();
        while self.open.load(Ordering::SeqCst) > 0 {
            if self.settled.wait_until(&mut guard, deadline).timed_out() {
                let open = self.open.load(Ordering::SeqCst);
                return match open {
                    0 => Ok(()),
                    _ => Err(Error::Unavailable(format!(
                        "{open} appends are still on their way"
                    ))),
                };
            }
        }
        Ok(())
    }
}
