//! Inputs of the core.

use std::sync::Arc;

use bytes::Bytes;
use chain::{Hash, Transaction};
use engine::Signal;
use journal::Completion;

/// Names and values of record headers.
pub type Headers = Arc<[(String, Bytes)]>;

/// The content of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A complete record; boxed, since flights move between tables.
    Sealed(Box<Sealed>),
    /// A transaction of a named sender, which is not signed: its nonce is chosen when it is appended.
    Unnumbered(Box<Transaction>),
}

/// A transaction with its canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The decoded fields.
    pub transaction: Transaction,
    /// Hash of the signed bytes on this chain.
    pub id: Hash,
    /// The canonical bytes.
    pub record: Bytes,
}

/// A submission that has passed every stateless rule.
#[derive(Debug)]
pub struct Submission<T> {
    /// Returned with the reply.
    pub ticket: T,
    /// Partition of `transactions`.
    pub partition: u32,
    /// The content of the append.
    pub content: Content,
    /// Least nonce to choose, exclusive: the sender's last one on the chain, as far as is known.
    pub above: u64,
    /// The stream of the submission, if it came on one.
    pub stream: Option<u64>,
    /// Record headers, shared by the submissions of one call.
    pub headers: Headers,
    /// Deadline of the answer, on the clock of [`engine::Now::elapsed_ms`].
    pub deadline_ms: u64,
}

impl Sealed {
    pub(super) fn new(transaction: Transaction, chain_id: &Hash) -> Self {
        let record = transaction.encode();
        let id = transaction.id(chain_id);
        Self {
            id: id.expect("what was checked has an id"),
            transaction,
            record,
        }
    }
}

/// An event outside the core.
#[derive(Debug)]
pub enum Input<T> {
    /// Checked submissions, in the order in which they are to be appended.
    Submit(Vec<Submission<T>>),
    /// Outcomes of appends.
    Completed(Vec<Completion>),
    /// The chain's cursors as a ledger reports them, with the ends of the partitions. The last answer counts.
    Cursors(Vec<Frontier>),
    /// The stream has ended.
    Closed(u64),
    /// A signal that every core gets.
    Signal(Signal),
}

impl<T> From<Signal> for Input<T> {
    fn from(signal: Signal) -> Input<T> {
        Input::Signal(signal)
    }
}

/// The progress of the chain in a partition, and the partition's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Partition of `transactions`.
    pub partition: u32,
    /// Next offset that a block must consume, as a ledger reports it.
    pub cursor: u64,
    /// End of the partition, read after the cursor: an honest cursor does not lie above it.
    pub end: u64,
}
