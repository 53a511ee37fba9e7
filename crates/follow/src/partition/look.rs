//! Looks at a partition.

use journal::{Error, Journal, Offsets};
use topics::TRANSACTIONS;

use super::Mark;

/// A look that [`Core`](super::Core) asks for; its [answer](look) goes to [`Core::looked`](super::Core::looked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Partition of `transactions`.
    pub partition: u32,
    /// The chain's cursor when the question was asked: the topic must reach it.
    pub cursor: u64,
    /// End of what had been read then.
    pub read_to: u64,
    /// The last record read, if any.
    pub last: Option<Mark>,
    /// Time of the question.
    pub(super) asked_ms: u64,
    /// Generation of the reader of that record.
    pub(super) generation: Option<u64>,
}

/// The answer to a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// First offset and end of the partition.
    pub offsets: Offsets,
    /// True if it holds the record in question; true if there is none.
    pub holds: bool,
}

/// Reads the ends of a partition, and whether it still holds a record that was read of it. Blocks.
pub fn look(journal: &Journal, partition: u32, last: Option<&Mark>) -> Result<Answer, Error> {
    let (offset, reach) = last.map_or((None, 0), |last| (Some(last.offset), last.offset + 1));
    let look = journal.inspect(TRANSACTIONS, partition, offset, reach)?;
    Ok(Answer {
        offsets: look.offsets,
        holds: last.is_none_or(|last| last.is_held(&look)),
    })
}
