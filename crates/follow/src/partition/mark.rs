//! What is remembered of a record.

use chain::Hash;
use journal::{Inspection, Record};

/// What tells a record from any other that its partition may hold at its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: u64,
    /// When the journal took it: two appends of the same bytes differ in it.
    pub append_ms: u64,
    /// Hash of its value.
    pub hash: Hash,
}

impl Mark {
    /// Of a record as it is read.
    pub fn of(record: &Record) -> Mark {
        Mark {
            offset: record.offset,
            append_ms: record.append_ms,
            hash: Hash::of(&record.value),
        }
    }

    /// Whether the partition still holds it, by a look at its offset. A record that was deleted at the beginning since
    /// counts as held: nothing above it is lost with it.
    pub fn is_held(&self, look: &Inspection) -> bool {
        let found = look.record.as_ref().map(Mark::of);
        self.offset < look.offsets.start || found.as_ref() == Some(self)
    }
}
