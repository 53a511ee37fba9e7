//! What the core is given.

use std::sync::Arc;

use bytes::Bytes;
use engine::Signal;
use journal::Completion;

use super::flight::Content;

/// Names and values of record headers.
pub type Headers = Arc<[(String, Bytes)]>;

/// A submission that has passed every stateless rule.
#[derive(Debug)]
pub struct Submission<T> {
    /// The caller's own; comes back with the reply.
    pub ticket: T,
    /// Where it goes.
    pub partition: u32,
    /// What is appended.
    pub content: Content,
    /// A nonce that is chosen here is chosen above this: the sender's last one on the chain, as far as is known.
    pub above: u64,
    /// The stream that it came on, if it came on one.
    pub stream: Option<u64>,
    /// Record headers, shared by the submissions of one call.
    pub headers: Headers,
    /// When the answer is due, on the clock of [`engine::Now::elapsed_ms`].
    pub deadline_ms: u64,
}

/// What the core is given.
#[derive(Debug)]
pub enum Input<T> {
    /// Checked submissions, in the order in which they are to be appended.
    Submit(Vec<Submission<T>>),
    /// What became of appends.
    Completed(Vec<Completion>),
    /// The chain's cursors as a ledger reports them, with the ends of the partitions. The last answer counts.
    Cursors(Vec<Frontier>),
    /// No more will come on this stream.
    Closed(u64),
    /// What every core is given.
    Signal(Signal),
}

impl<T> From<Signal> for Input<T> {
    fn from(signal: Signal) -> Input<T> {
        Input::Signal(signal)
    }
}

/// How far the chain and the log of a partition are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Partition of `transactions`.
    pub partition: u32,
    /// Next offset that a block must consume, as a ledger reports it.
    pub cursor: u64,
    /// The end of the partition, asked for afterwards: an honest cursor does not lie above it.
    pub end: u64,
}
