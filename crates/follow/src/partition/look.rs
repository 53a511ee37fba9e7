//! Looks at a partition.

use journal::{Error, Journal, Offsets};
use topics::TRANSACTIONS;

use super::Mark;

/// A look that [`Core`](super::Core) wants; what is [seen](look) goes to [`Core::looked`](super::Core::looked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The partition.
    pub partition: u32,
    /// The chain's cursor at the time of asking: the topic must reach it.
    pub cursor: u64,
    /// How far the partition had been read then.
    pub read_to: u64,
    /// The record that was read last, if any.
    pub last: Option<Mark>,
    /// When it was asked.
    pub(super) asked_ms: u64,
    /// Of the reader that read it.
    pub(super) generation: Option<u64>,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The ends of the partition.
    pub offsets: Offsets,
    /// Whether it holds the record that was asked for; true if none was.
    pub holds: bool,
}

/// Looks where a partition begins and ends, and whether it still holds a record that was read of it. Blocks.
pub fn look(journal: &Journal, partition: u32, last: Option<&Mark>) -> Result<Seen, Error> {
    let (offset, reach) = last.map_or((None, 0), |last| (Some(last.offset), last.offset + 1));
    let look = journal.inspect(TRANSACTIONS, partition, offset, reach)?;
    Ok(Seen {
        offsets: look.offsets,
        holds: last.is_none_or(|last| last.is_held(&look)),
    })
}
