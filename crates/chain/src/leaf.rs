//! The leaves of the log.

use crate::account::Account;
use crate::hash::Hash;
use crate::log;
use crate::verdict::Verdict;

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// The genesis record.
    Genesis {
        /// Its hash.
        record_hash: Hash,
    },
    /// A balance to begin with.
    Allocation {
        /// Whose.
        account: Account,
        /// How much.
        amount: u64,
        /// The account's entry.
        entry: Entry,
    },
    /// A block, its miner paid.
    Block {
        /// Its height.
        height: u64,
        /// Hash of its parent.
        previous_hash: Hash,
        /// Its timestamp, in milliseconds since the Unix epoch.
        timestamp_ms: u64,
        /// Its miner.
        miner: Account,
        /// What the miner was paid.
        paid: u64,
        /// The miner's entry, if it was paid anything.
        entry: Option<Entry>,
    },
    /// The verdict on a record.
    Record {
        /// Height of the block.
        height: u64,
        /// Partition of the record.
        partition: u32,
        /// Its offset.
        offset: u64,
        /// Its hash.
        record_hash: Hash,
        /// The verdict.
        verdict: Verdict,
        /// The sender's entry, if INCLUDED.
        sender: Option<Entry>,
        /// The recipient's entry, if INCLUDED and there is one that is not the sender.
        recipient: Option<Entry>,
    },
    /// Offsets that hold no record.
    Void {
        /// Height of the block.
        height: u64,
        /// The partition.
        partition: u32,
        /// First offset.
        from_offset: u64,
        /// End, exclusive.
        to_offset: u64,
    },
}

/// An account's entry in a leaf: one link of the chain of its balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Leaf of the account's entry before.
    pub previous: Option<u64>,
    /// 1, 2, …
    pub sequence: u64,
    /// The balance after the leaf.
    pub balance: i64,
}

/// Bytes that are no leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a leaf of the log")]
pub struct Malformed;

impl Leaf {
    /// The bytes of the leaf.
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }

    /// Reads the bytes of a leaf.
    pub fn decode(bytes: &[u8]) -> Result<Leaf, Malformed> {
        todo!("{bytes:?}")
    }

    /// The leaf hash.
    pub fn hash(&self) -> Hash {
        log::leaf_hash(&self.encode())
    }
}
