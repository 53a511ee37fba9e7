//! Outputs of the core: work for the shell, and reports.

use chain::{Hash, Transaction};
use journal::{Appended, Entry};

use super::Frontier;
use crate::rejection::Rejection;

/// Work for the shell, or a report.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// Append this, and report it by [`Input::Completed`](super::Input::Completed). In this order.
    Append {
        /// Token of the flight.
        token: u64,
        /// The record with its headers.
        entry: Entry,
    },
    /// Answer a submission.
    Reply {
        /// As in the submission.
        ticket: T,
        /// The receipt or the rejection.
        outcome: Outcome,
    },
    /// The success of appends. Emitted when it changes.
    Health(Health),
    /// An append landed below the cursor, where no block will read it.
    BelowCursor {
        /// Partition of `transactions`.
        partition: u32,
        /// Offset of the append.
        offset: u64,
        /// The cursor known when the append began.
        cursor: u64,
    },
    /// A partition that ends below the chain's cursor, so that appends to it are refused; `None`: no longer any.
    /// Emitted when it changes.
    Behind(Option<Frontier>),
    /// After [`Signal::Stop`](engine::Signal::Stop): everything has been answered.
    Drained,
}

/// The success of appends, as far as the flights show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Appends succeed.
    Appends,
    /// Appends fail for this reason; flights retry.
    Fails(String),
    /// Appends failed, and no flight is left that could find out more.
    Untried,
}

/// The outcome of a submission.
pub type Outcome = Result<Receipt, Rejection>;

/// A durable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction as recorded.
    pub transaction: Transaction,
    /// Hash of the signed bytes on this chain.
    pub id: Hash,
    /// Partition of `transactions`.
    pub partition: u32,
    /// Offset and append time.
    pub appended: Appended,
}
