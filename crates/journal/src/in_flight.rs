//! The entries of one appender that are in flight, and the sink of their completions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::Error;
use crate::append::{Completion, Sink};

/// Counts an appender's entries from their acceptance until their completions have been delivered.
pub(crate) struct InFlight {
    sink: Sink,
    count: AtomicUsize,
    lock: Mutex<()>,
    landed: Condvar,
}

impl InFlight {
    pub(crate) fn new(sink: Sink) -> Arc<InFlight> {
        Arc::new(InFlight {
            sink,
            count: AtomicUsize::new(0),
            lock: Mutex::new(()),
            landed: Condvar::new(),
        })
    }

    /// Counts an accepted entry.
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Delivers completions.
    pub(crate) fn complete(&self, batch: Vec<Completion>) {
        let count = batch.len();
        (self.sink)(batch);
        self.remove(count);
    }

    /// Removes `count` entries.
    pub(crate) fn remove(&self, count: usize) {
        if self.count.fetch_sub(count, Ordering::SeqCst) == count {
            drop(self.lock.lock());
            self.landed.notify_all();
        }
    }

    /// Waits until nothing is in flight.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + timeout;
        let mut guard = self.lock.lock();
        while !self.is_empty() {
            if self.landed.wait_until(&mut guard, deadline).timed_out() {
                let count = self.count.load(Ordering::SeqCst);
                return match count {
                    0 => Ok(()),
                    _ => Err(Error::Unavailable(format!(
                        "{count} appends are still in flight"
                    ))),
                };
            }
        }
        Ok(())
    }
}
