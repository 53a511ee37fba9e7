//! What the core is told, and what it says.

use std::sync::Arc;

use bytes::Bytes;
use chain::{Hash, Transaction};
use journal::{Appended, Completion, Entry};

use super::flight::Content;
use crate::rejection::Rejection;

/// The times that a step is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The wall clock in microseconds since the Unix epoch: what nonces are made of.
    pub clock_us: u64,
    /// Milliseconds since some moment in the past, never falling: what deadlines are measured by.
    pub elapsed_ms: u64,
}

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
    /// When the answer is due, on the clock of [`Now::elapsed_ms`].
    pub deadline_ms: u64,
}

/// What the core is told.
#[derive(Debug)]
pub enum Input<T> {
    /// Checked submissions, in the order in which they are to be appended.
    Submit(Vec<Submission<T>>),
    /// What became of appends.
    Completed(Vec<Completion>),
    /// The chain's cursors as a ledger tells them, with the log's own ends. The last answer counts.
    Cursors(Vec<Frontier>),
    /// No more will come on this stream.
    Closed(u64),
    /// Nothing but the time.
    Tick,
    /// Take no more; answer what is in flight.
    Shutdown,
}

/// How far the chain and the log of a partition are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Partition of `transactions`.
    pub partition: u32,
    /// Next offset that a block must consume, as a ledger tells it.
    pub cursor: u64,
    /// The end of the log, asked for afterwards: an honest cursor does not lie above it.
    pub end: u64,
}

/// What the core wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// Append this, and say [`Input::Completed`] with the token. In this order.
    Append {
        /// Names the flight.
        token: u64,
        /// The record.
        entry: Entry,
    },
    /// Answer.
    Reply {
        /// As it came with the submission.
        ticket: T,
        /// The receipt, or why there is none.
        outcome: Result<Receipt, Rejection>,
    },
    /// Whether the log appends. Said when it changes.
    Health(Health),
    /// An append landed below the cursor, where no block will look.
    Stray {
        /// Partition of `transactions`.
        partition: u32,
        /// Where it landed.
        offset: u64,
        /// The cursor, known before the append began.
        cursor: u64,
    },
    /// A log that ends below the chain's cursor, so that nothing is appended to it; or that there is none any more. Said when
    /// it changes.
    Behind(Option<Frontier>),
    /// After [`Input::Shutdown`]: everything has been answered.
    Drained,
}

/// Whether the log appends, as far as the flights tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Appends,
    /// It does not, for this reason; flights try again.
    Fails(String),
    /// It did not, and no flight is left that could find out.
    Untried,
}

/// A durable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction as recorded.
    pub transaction: Transaction,
    /// Its id.
    pub id: Hash,
    /// Where it is.
    pub partition: u32,
    /// Offset and append time.
    pub appended: Appended,
}
