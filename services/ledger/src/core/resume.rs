//! The stretch in which the follower reads again what the index holds already.

use chain::Hash;
use follow::Fatal;
use topics::DataLoss;

use crate::model::State;

/// Where the index stood at the start. Until the follower gets there nothing is written; there the two must agree.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// Height of the index's tip.
    pub height: u64,
    /// Its hash.
    pub hash: Hash,
}

/// How a block that was read again relates to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// Below its tip.
    Below,
    /// Its tip.
    Same,
    /// Not the block that the index has as its tip.
    Other,
}

impl Resume {
    /// At the end of an index.
    pub fn new(state: &State) -> Resume {
        Resume {
            height: state.tip.height,
            hash: state.tip.hash(),
        }
    }

    /// Holds a block that was accepted again against the index.
    pub fn meets(&self, height: u64, hash: &Hash) -> Meeting {
        match height {
            _ if height < self.height => Meeting::Below,
            _ if height == self.height && *hash == self.hash => Meeting::Same,
            _ => Meeting::Other,
        }
    }

    /// The log has another block where the index has its tip.
    pub fn contradicted(&self, topic: &str, offset: u64, found: &Hash) -> Fatal {
        Fatal::DataLoss(DataLoss {
            topic: topic.to_owned(),
            partition: 0,
            offset,
            expected: format!(
                "block {} at height {}, as the index has it",
                self.hash, self.height
            ),
            found: format!("block {found}"),
        })
    }

    /// The log ends before the block that the index has as its tip.
    pub fn truncated(&self, topic: &str, end: u64) -> Fatal {
        Fatal::DataLoss(DataLoss {
            topic: topic.to_owned(),
            partition: 0,
            offset: end,
            expected: format!(
                "block {} at height {}, as the index has it",
                self.hash, self.height
            ),
            found: format!("the end of the log at offset {end}"),
        })
    }
}
