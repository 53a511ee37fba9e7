//! The stretch in which the follower reads again what the index holds.

use chain::Hash;
use follow::Fatal;
use topics::DataLoss;

use crate::model::State;

/// The tip of the index at the start. Nothing is written until the follower reaches it; there the two must agree.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// Height of the index's tip.
    pub height: u64,
    /// Hash of the index's tip.
    pub hash: Hash,
}

/// The relation of a block that was read again to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// Below its tip.
    Below,
    /// Its tip.
    Same,
    /// Another block than the index's tip at that height.
    Other,
}

impl Resume {
    /// Creates it from the state of the index.
    pub fn new(state: &State) -> Resume {
        Resume {
            height: state.tip.height,
            hash: state.tip.hash(),
        }
    }

    /// Compares a block that was accepted again with the index.
    pub fn meets(&self, height: u64, hash: &Hash) -> Meeting {
        match height {
            _ if height < self.height => Meeting::Below,
            _ if height == self.height && *hash == self.hash => Meeting::Same,
            _ => Meeting::Other,
        }
    }

    /// The journal has another block in the place of the index's tip.
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

    /// The journal ends before the index's tip.
    pub fn truncated(&self, topic: &str, end: u64) -> Fatal {
        Fatal::DataLoss(DataLoss {
            topic: topic.to_owned(),
            partition: 0,
            offset: end,
            expected: format!(
                "block {} at height {}, as the index has it",
                self.hash, self.height
            ),
            found: format!("the end of the topic at offset {end}"),
        })
    }
}
