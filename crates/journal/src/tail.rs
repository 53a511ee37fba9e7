//! A thread that follows one partition for somebody else, with back-pressure and retries.

use crate::record::Batch;
use crate::{Error, Journal};

/// What a tail has to say.
#[derive(Clone, Debug)]
pub enum TailEvent {
    /// Records, or news of the log's end. Its `permit` holds the records' room in the window.
    Batch(Batch),
    /// The log cannot be read right now; the tail keeps trying. Said once until [`TailEvent::Available`].
    Unavailable(Error),
    /// The log can be read again.
    Available,
    /// The log cannot be read on from here, and trying again does not help: the tail waits for a seek.
    Lost(Error),
}

/// A named thread around a [`Reader`](crate::Reader). Dropping it stops and joins the thread.
pub struct Tail {}

impl Tail {
    /// Follows `topic`/`partition` from `from` on, and calls `sink` with what comes, on the tail's own thread.
    ///
    /// At most about `window_bytes` of records are out at once: the tail waits until permits of batches are dropped.
    pub fn spawn(
        journal: Journal,
        topic: &str,
        partition: u32,
        from: u64,
        window_bytes: usize,
        sink: impl Fn(TailEvent) + Send + 'static,
    ) -> Tail {
        let _ = (journal, topic, partition, from, window_bytes, sink);
        todo!()
    }

    /// Goes on at `from`. Batches read before may still arrive; their `next` tells them apart.
    pub fn seek(&self, from: u64) {
        let _ = from;
        todo!()
    }
}
