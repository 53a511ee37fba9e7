//! The identity of a record in a partition.

use chain::Hash;
use journal::{Inspection, Record};

/// Distinguishes a record from any other that its partition may hold at its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Offset in the partition.
    pub offset: u64,
    /// Append time: two appends of the same bytes differ in it.
    pub append_ms: u64,
    /// Hash of its value.
    pub hash: Hash,
}

impl Mark {
    /// The mark of a record that was read.
    pub fn of(record: &Record) -> Mark {
        Mark {
            offset: record.offset,
            append_ms: record.append_ms,
            hash: Hash::of(&record.value),
        }
    }

    /// True if the partition still holds it, by an inspection of its offset. A record that was deleted at the beginning
    /// since counts as held: nothing above it is lost with it.
    pub fn is_held(&self, look: &Inspection) -> bool {
        let found = look.record.as_ref().map(Mark::of);
        self.offset < look.offsets.start || found.as_ref() == Some(self)
    }
}
