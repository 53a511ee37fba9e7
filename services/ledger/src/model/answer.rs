//! Answers of the index: blocks, records, accounts, candidates, as a reader sees them.

use bytes::Bytes;
use chain::effects::Kind;
use chain::{Account, Hash, Header, Transaction, Verdict};
use serde::{Deserialize, Serialize};

pub use follow::audit::Fault;

/// A block without its records. The index stores it in this order of fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The 156 hashed bytes.
    pub header: Header,
    /// Hash of the header.
    #[serde(skip)]
    pub hash: Hash,
    /// The miner's signature; empty for a named miner and for block 0.
    pub signature: Bytes,
    /// Offset on the `blockchain` topic.
    pub topic_offset: u64,
    /// Append time of its record.
    pub append_ms: u64,
    /// Index of its first leaf in the log; it has `header.log_size - first_leaf` leaves.
    pub first_leaf: u64,
    /// Records that were INCLUDED.
    pub included: u32,
    /// Records with another verdict.
    pub rejected: u32,
    /// Offsets of the slice that hold no record.
    pub void_offsets: u32,
    /// Bytes of the value of its record.
    pub size_bytes: u32,
    /// Amount that its miner was paid.
    pub paid: u64,
}

/// The fate of one offset of the `transactions` topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Partition of `transactions`.
    pub partition: u32,
    /// Offset in the partition.
    pub offset: u64,
    /// Pending, judged, or no record at all.
    pub fate: Fate,
    /// Hash of its value; for TOO_LARGE the one in the block. `None` for VOID, and for unread pending ones.
    pub hash: Option<Hash>,
    /// Append time; absent for VOID, for records that the topic no longer holds, and for unread ones.
    pub append_ms: Option<u64>,
    /// The bytes of the record; absent for VOID and TOO_LARGE, and for pending ones that have not been read yet.
    pub value: Option<Bytes>,
    /// The transaction in it, if it decodes.
    pub transaction: Option<Identified>,
    /// Trace id of its submission, if it was traced and the topic has been read up to it.
    pub trace_id: Option<[u8; 16]>,
}

/// A transaction and its id on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Hash of the signed bytes, if they have room for the fields.
    pub id: Option<Hash>,
    /// The decoded fields.
    pub transaction: Transaction,
}

/// The fate of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No block has consumed it yet.
    Pending {
        /// Number of pending records before it in its partition.
        ahead: u64,
    },
    /// A block holds the record.
    Judged {
        /// The block's verdict on the record.
        verdict: Verdict,
        /// Height of the block.
        height: u64,
        /// Index of its leaf in the log.
        leaf_index: u64,
    },
    /// A block declares that the offset holds no record.
    Void {
        /// Height of the block.
        height: u64,
        /// Index of the leaf of the run in the log.
        leaf_index: u64,
    },
}

/// The fate of a transaction id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// It was included, or refused for good (see the verdict of its record).
    Judged(Record),
    /// It waits for a block.
    Pending(Record),
    /// A block consumed its offset without it. `record` is what the block has there instead.
    Omitted(Record),
}

/// An account as of some leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Balance after that leaf.
    pub balance: i64,
    /// The last nonce used; 0 before the first.
    pub nonce: u64,
    /// Number of entries so far.
    pub entries: u64,
    /// Leaf of the last entry; `None` if only its nonce was ever used.
    pub last_leaf: Option<u64>,
}

/// One entry of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, … within an account.
    pub sequence: u64,
    /// Index of its leaf in the log.
    pub leaf_index: u64,
    /// Index of the previous entry's leaf.
    pub previous: Option<u64>,
    /// Height of its block.
    pub height: u64,
    /// Change of the balance: a difference of two 64-bit balances may need one more bit.
    pub change: i128,
    /// The balance after it.
    pub balance: i64,
    /// The cause of the change.
    pub kind: Kind,
}

/// A candidate that did not become a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Offset on the `blockchain` topic.
    pub topic_offset: u64,
    /// Append time of its record.
    pub append_ms: u64,
    /// STALE, or the rule that it broke.
    pub reason: String,
    /// Hash of its header, if it has one.
    pub hash: Option<Hash>,
    /// Height that it claims.
    pub height: Option<u64>,
    /// Miner that it claims; not verified.
    pub miner: Option<Account>,
}

/// A miner that won at least once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miner {
    /// The winning account.
    pub account: Account,
    /// Blocks won.
    pub blocks: u64,
    /// Sum of the rewards of these blocks.
    pub rewards: u64,
    /// Height of its first block.
    pub first_height: u64,
    /// Height of its last block.
    pub last_height: u64,
}

/// Something whose hash or id begins with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// A transaction in a block (included or refused) or pending, by id.
    Transaction(Hash),
    /// A block.
    Block(Hash),
    /// A candidate that did not become one.
    Candidate(Hash),
}

/// Counts and sums of an interval. Blocks count by the append time of their record on the `blockchain` topic. The index stores
/// it in this order of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Start of the interval, in milliseconds since 1970; it is in the key of the row.
    #[serde(skip)]
    pub start_ms: u64,
    /// Accepted blocks.
    pub blocks: u32,
    /// INCLUDED records of these blocks.
    pub included: u64,
    /// Records of these blocks with another verdict.
    pub rejected: u64,
    /// Candidates refused as STALE.
    pub stale: u32,
    /// Bytes of the blocks.
    pub bytes: u64,
    /// Expected tries for these blocks.
    pub work: f64,
    /// Sum of the times from append of a record to append of its block, over `latencies` records.
    pub latency_sum_ms: u64,
    /// Records of which both times are known.
    pub latencies: u64,
    /// The longest of these times.
    pub latency_max_ms: u64,
}

/// Consecutive offsets of one block with the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// 0, 1, … in the order of discovery; page tokens refer to it.
    pub number: u64,
    /// Height of the block.
    pub height: u64,
    /// Hash of the block.
    pub block_hash: Hash,
    /// Signer of the block.
    pub miner: Option<Account>,
    /// The kind of disagreement.
    pub fault: Fault,
    /// Partition of `transactions`.
    pub partition: u32,
    /// First offset of the run.
    pub from_offset: u64,
    /// End of the run, exclusive.
    pub to_offset: u64,
    /// Hash of the first record of the run in the block.
    pub in_block: Option<Hash>,
    /// Hash of the first record of the run in the topic.
    pub in_topic: Option<Hash>,
}

/// The progress of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Every block up to this height has been compared; `None`: none yet.
    pub checked_height: Option<u64>,
    /// Number of findings.
    pub findings: u64,
    /// The most recent finding.
    pub latest: Option<Finding>,
}

/// One partition of the `transactions` topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Next offset that a block must consume.
    pub cursor: u64,
    /// Next offset that a submission will get, as last known.
    pub end: u64,
    /// Append time of the oldest record not yet consumed.
    pub oldest_pending_ms: Option<u64>,
}

/// Sums over the whole chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Accounts that any block has changed.
    pub accounts: u64,
    /// Records that were INCLUDED.
    pub included: u64,
    /// Records with another verdict.
    pub rejected: u64,
    /// Sum of all balances.
    pub supply: i64,
    /// Keys that may mine now; empty: anyone may.
    pub miners: Vec<Account>,
    /// Offset of the next candidate to read from the `blockchain` topic.
    pub applied_offset: u64,
    /// End of the `blockchain` topic as last known.
    pub end_offset: u64,
}

/// A leaf of the log and its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The bytes that were hashed.
    pub bytes: Vec<u8>,
    /// Height of its block.
    pub height: u64,
    /// The record, for leaves of records other than TOO_LARGE.
    pub record: Option<Bytes>,
}

impl Identified {
    /// The transaction in the value of a record, if it decodes; `id`: its id, where that is known already.
    pub fn decode(value: &[u8], id: Option<Hash>, chain_id: &Hash) -> Option<Identified> {
        let transaction = Transaction::decode(value).ok()?;
        Some(Identified {
            id: id.or_else(|| transaction.id(chain_id)),
            transaction,
        })
    }
}

impl Record {
    /// Height of the block that consumed it.
    pub fn height(&self) -> Option<u64> {
        match self.fate {
            Fate::Pending { .. } => None,
            Fate::Judged { height, .. } | Fate::Void { height, .. } => Some(height),
        }
    }
}
