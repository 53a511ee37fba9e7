//! The changes of a block to accounts and log.

use crate::hash::Hash;
use crate::leaf::Leaf;
use crate::log::Node;

pub use crate::accounts::Touched;

/// The changes of one block.
#[derive(Clone, Debug)]
pub struct Effects {
    /// Index of its first leaf in the log.
    pub first_leaf: u64,
    /// Hashes of its leaves, in order.
    pub leaves: Vec<Hash>,
    /// The encoded leaves that were hashed, in order.
    pub leaf_data: LeafData,
    /// Interior nodes of the log that this block completed, in the order of their completion.
    pub nodes: Vec<Node>,
    /// Amount that the miner was paid.
    pub paid: u64,
    /// The entries that the block added, in leaf order, the sender's before the recipient's.
    pub entries: Vec<Entry>,
    /// Every account that changed, if only its nonce, with the state after the block. New
    /// numbers ascend from the previous count.
    pub touched: Vec<Touched>,
}

/// The encoded leaves of a block, in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafData {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// One entry of an account in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of the account.
    pub account: u32,
    /// Index of its leaf in the log.
    pub leaf_index: u64,
    /// Leaf of the account's previous entry.
    pub previous: Option<u64>,
    /// 1, 2, … within an account.
    pub sequence: u64,
    /// Change of the balance: up to 2^64−2 either way, between named accounts at their bounds.
    pub change: i128,
    /// The balance after the leaf.
    pub balance: i64,
    /// The cause of the change.
    pub kind: Kind,
    /// Index of the record within the block, if a record caused it.
    pub record: Option<u32>,
}

/// The cause of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A balance of the genesis.
    Allocation,
    /// The reward of a block.
    Reward,
    /// Sender of an included transaction, perhaps to itself.
    Sent,
    /// Recipient of an included transaction.
    Received,
}

impl LeafData {
    pub(crate) fn with_capacity(leaves: usize, leaf_bytes: usize) -> LeafData {
        LeafData {
            bytes: Vec::with_capacity(leaves * leaf_bytes),
            ends: Vec::with_capacity(leaves),
        }
    }

    /// Appends a leaf, and returns its bytes.
    pub(crate) fn push(&mut self, leaf: &Leaf) -> &[u8] {
        let start = self.bytes.len();
        leaf.put(&mut self.bytes);
        let end = u32::try_from(self.bytes.len()).expect("the leaves of a block are a few MiB");
        self.ends.push(end);
        &self.bytes[start..]
    }

    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there are no leaves.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of leaf `i` of the block.
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        let end = *self.ends.get(i)? as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        Some(&self.bytes[start..end])
    }

    /// All leaves, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}
