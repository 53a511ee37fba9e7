//! A block as the audit needs it.

use chain::slice::{Slot, numbered};
use chain::{Accepted, Account, Hash};
use follow::audit::{Claim, claims};

/// A block as the audit needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Height of the block.
    pub height: u64,
    /// Hash of the block.
    pub hash: Hash,
    /// Signer of the block.
    pub miner: Option<Account>,
    /// Partition of its slice.
    pub partition: u32,
    /// First offset of the slice.
    pub from: u64,
    /// End of the slice, exclusive.
    pub to: u64,
    /// First leaf of the block in the log.
    pub first_leaf: u64,
    /// Append time of the block.
    pub block_ms: u64,
    /// The slice, in offset order.
    pub slots: Vec<Slot<Claim>>,
}

impl Subject {
    /// Offset and hash of each record in the slice.
    pub fn records(&self) -> impl Iterator<Item = (u64, Hash)> + '_ {
        let slots = numbered(self.from, self.slots.iter().copied());
        slots.filter_map(|(offset, slot)| match slot {
            Slot::Record(claim) => Some((offset, claim.hash)),
            Slot::Hole(_) => None,
        })
    }
}

impl From<&Accepted> for Subject {
    fn from(accepted: &Accepted) -> Subject {
        let header = accepted.block.header();
        Subject {
            height: accepted.height(),
            hash: accepted.hash(),
            miner: header.miner,
            partition: header.partition,
            from: header.from_offset,
            to: header.to_offset,
            first_leaf: accepted.effects.first_leaf,
            block_ms: accepted.append_ms,
            slots: claims(accepted).collect(),
        }
    }
}
