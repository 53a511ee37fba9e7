//! The leaves of the log (format.md, "The log").
//!
//! ```text
//! genesis     0x00 ‖ hash of the genesis record 32
//! allocation  0x01 ‖ account ‖ amount 8 ‖ entry 24
//! block       0x02 ‖ height 8 ‖ previous hash 32 ‖ timestamp_ms 8 ‖ miner ‖ paid 8 ‖ entry 24, if paid > 0
//! record      0x03 ‖ height 8 ‖ partition 4 ‖ offset 8 ‖ hash 32 ‖ verdict 1 ‖ entries 24 each, if INCLUDED
//! void        0x04 ‖ height 8 ‖ partition 4 ‖ from 8 ‖ to 8
//!
//! account     length 1 ‖ its bytes
//! entry       previous 8 (2^64−1: none) ‖ sequence 8 ‖ balance 8, signed
//! ```
//!
//! Numbers are lengths in bytes; integers are big-endian.

mod decode;

use crate::account::{self, Account};
use crate::hash::Hash;
use crate::log;
use crate::verdict::Verdict;

/// The longest leaf: of a record that is INCLUDED, with two entries.
pub(crate) const MAX_BYTES: usize = 102;

const GENESIS: u8 = 0;
const ALLOCATION: u8 = 1;
const BLOCK: u8 = 2;
const RECORD: u8 = 3;
const VOID: u8 = 4;

/// The encoding of "no previous entry".
const NO_LEAF: u64 = u64::MAX;

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// The leaf of the genesis record.
    Genesis {
        /// Hash of the record.
        record_hash: Hash,
    },
    /// An initial balance.
    Allocation {
        /// The account that gets it.
        account: Account,
        /// The initial balance.
        amount: u64,
        /// The account's entry.
        entry: Entry,
    },
    /// A block and the reward of its miner.
    Block {
        /// Height of the block.
        height: u64,
        /// Hash of the parent.
        previous_hash: Hash,
        /// Timestamp of the block, in milliseconds since the Unix epoch.
        timestamp_ms: u64,
        /// Miner of the block.
        miner: Account,
        /// Amount that the miner was paid.
        paid: u64,
        /// The miner's entry, if `paid` > 0.
        entry: Option<Entry>,
    },
    /// The verdict on a record.
    Record {
        /// Height of the block.
        height: u64,
        /// Partition of the record.
        partition: u32,
        /// Offset of the record.
        offset: u64,
        /// Hash of the record.
        record_hash: Hash,
        /// The block's verdict on the record.
        verdict: Verdict,
        /// The sender's entry, if INCLUDED.
        sender: Option<Entry>,
        /// The recipient's entry, if INCLUDED and there is a recipient other than the sender.
        recipient: Option<Entry>,
    },
    /// Consecutive offsets that hold no record.
    Void {
        /// Height of the block.
        height: u64,
        /// Partition of the offsets.
        partition: u32,
        /// First offset.
        from_offset: u64,
        /// End of the offsets, exclusive.
        to_offset: u64,
    },
}

/// An account's entry in a leaf: one link of the chain of its balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Leaf of the account's previous entry.
    pub previous: Option<u64>,
    /// 1, 2, … within the account.
    pub sequence: u64,
    /// The balance after the leaf.
    pub balance: i64,
}

impl Leaf {
    /// The bytes of the leaf.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_BYTES);
        self.put(&mut out);
        out
    }

    /// Decodes a leaf; `None` if the bytes do not encode one.
    pub fn decode(bytes: &[u8]) -> Option<Leaf> {
        decode::leaf(bytes)
    }

    /// The leaf hash.
    pub fn hash(&self) -> Hash {
        log::leaf_hash(&self.encode())
    }

    /// Appends the bytes of the leaf.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Leaf::Genesis { record_hash } => {
                out.push(GENESIS);
                out.extend_from_slice(&record_hash.0);
            }
            Leaf::Allocation {
                account,
                amount,
                entry,
            } => {
                out.push(ALLOCATION);
                account::put(out, account.as_bytes());
                put_u64(out, *amount);
                entry.put(out);
            }
            Leaf::Block {
                height,
                previous_hash,
                timestamp_ms,
                miner,
                paid,
                entry,
            } => {
                out.push(BLOCK);
                put_u64(out, *height);
                out.extend_from_slice(&previous_hash.0);
                put_u64(out, *timestamp_ms);
                account::put(out, miner.as_bytes());
                put_u64(out, *paid);
                entry.iter().for_each(|entry| entry.put(out));
            }
            Leaf::Record {
                height,
                partition,
                offset,
                record_hash,
                verdict,
                sender,
                recipient,
            } => {
                out.push(RECORD);
                put_u64(out, *height);
                out.extend_from_slice(&partition.to_be_bytes());
                put_u64(out, *offset);
                out.extend_from_slice(&record_hash.0);
                out.push(verdict.byte());
                sender
                    .iter()
                    .chain(recipient)
                    .for_each(|entry| entry.put(out));
            }
            Leaf::Void {
                height,
                partition,
                from_offset,
                to_offset,
            } => {
                out.push(VOID);
                put_u64(out, *height);
                out.extend_from_slice(&partition.to_be_bytes());
                put_u64(out, *from_offset);
                put_u64(out, *to_offset);
            }
        }
    }
}

impl Entry {
    fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.previous.unwrap_or(NO_LEAF));
        put_u64(out, self.sequence);
        out.extend_from_slice(&self.balance.to_be_bytes());
    }
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}
