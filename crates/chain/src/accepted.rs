//! A block that the chain accepted.

use crate::block::{Block, Checked};
use crate::effects::Effects;
use crate::hash::Hash;
use crate::verdict::Tally;

/// An accepted block and its effects: everything that an index needs.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The block.
    pub block: Block<Checked>,
    /// Append time of its record on `blockchain`, in milliseconds since the Unix epoch.
    pub append_ms: u64,
    /// Changes that it made to accounts and to the log.
    pub effects: Effects,
}

impl Accepted {
    /// Height of the block.
    pub fn height(&self) -> u64 {
        self.block.header().height
    }

    /// Hash of the block.
    pub fn hash(&self) -> Hash {
        self.block.hash()
    }

    /// Counts of its records: INCLUDED, and others.
    pub fn tally(&self) -> Tally {
        Tally::of(self.block.verdicts())
    }
}
