//! What the core wants done, and what it reports.

use chain::{Hash, Transaction};
use journal::{Appended, Entry};

use super::Frontier;
use crate::rejection::Rejection;

/// What the core wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// Append this, and report it by [`Input::Completed`](super::Input::Completed) with the token. In this order.
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
        /// What became of it.
        outcome: Outcome,
    },
    /// Whether appends succeed. Emitted when it changes.
    Health(Health),
    /// An append landed below the cursor, where no block will look.
    BelowCursor {
        /// Partition of `transactions`.
        partition: u32,
        /// Where it landed.
        offset: u64,
        /// The cursor, known before the append began.
        cursor: u64,
    },
    /// A partition that ends below the chain's cursor, so that nothing is appended to it; `None` when there is none any more.
    /// Emitted when it changes.
    Behind(Option<Frontier>),
    /// After [`Signal::Stop`](engine::Signal::Stop): everything has been answered.
    Drained,
}

/// Whether appends succeed, as far as the flights show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Appends,
    /// It does not, for this reason; flights try again.
    Fails(String),
    /// It did not, and no flight is left that could find out.
    Untried,
}

/// What becomes of a submission: the receipt, or why there is none.
pub type Outcome = Result<Receipt, Rejection>;

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
