//! The values of the index, in postcard: small numbers take few bytes.

use chain::effects::Kind;
use chain::{Account, Hash, Verdict, leaf};
use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use crate::model::answer;

/// The range of refused candidates that are kept: the last ones only.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Number of kept candidates.
    pub count: u64,
    /// No kept candidate has a lower offset.
    pub first: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Block {
    pub block: answer::Block,
    /// The miner's entry, if it was paid.
    pub entry: Option<Entry>,
}

/// An entry as in its leaf.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub previous: Option<u64>,
    pub sequence: u64,
    pub balance: i64,
}

/// Up to [`super::schema::CHUNK_LEAVES`] consecutive leaves of one block, and the records behind them.
/// It borrows from its row, since most of a row is only skipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chunk<'a> {
    pub height: u64,
    pub partition: u32,
    /// Offset of the first slot; the others follow without a gap.
    pub from_offset: u64,
    #[serde(borrow)]
    pub slots: Vec<Slot<'a>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Slot<'a> {
    /// The block's record at one offset.
    Record {
        #[serde(serialize_with = "as_bytes")]
        carried: &'a [u8],
        verdict: Verdict,
        sender: Option<Entry>,
        recipient: Option<Entry>,
    },
    /// Consecutive offsets that hold no record.
    Void { offsets: u64 },
}

/// Facts that only the topic has about the records of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Marks {
    /// Append time of the block.
    pub block_ms: u64,
    /// Time from each record's append to the block's; `None` for holes and records that the topic no longer holds.
    pub ages_ms: Vec<Option<i64>>,
    /// Trace ids, by slot.
    pub traces: Vec<(u8, [u8; 16])>,
}

/// The place of a record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    /// First leaf of the chunk.
    pub chunk: u64,
    /// Index of the slot in the chunk.
    pub slot: u8,
}

/// The place that a transaction would have if the block had not left it out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Omitted {
    pub partition: u32,
    pub offset: u64,
}

/// Consecutive entries of one account in one block.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub steps: Vec<Step>,
}

/// One change of an account. The state at any leaf follows from the last step up to it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub leaf: u64,
    pub height: u64,
    pub what: What,
    /// Leaf of the previous entry.
    pub previous: Option<u64>,
    /// Sequence of the last entry so far.
    pub sequence: u64,
    pub change: i128,
    pub balance: i64,
    pub nonce: u64,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Allocation,
    Reward,
    Sent,
    Received,
    /// No entry: a refused transaction consumed a nonce.
    Nonce,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Candidate {
    pub append_ms: u64,
    pub reason: String,
    pub hash: Option<Hash>,
    pub height: Option<u64>,
    pub miner: Option<Account>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Miner {
    pub blocks: u64,
    pub rewards: u64,
    pub first_height: u64,
    pub last_height: u64,
}

impl Block {
    /// Decodes a row and computes the hash, which is not stored.
    pub fn read(bytes: &[u8]) -> Result<Block, Error> {
        let mut row: Block = decode(bytes)?;
        row.block.hash = row.block.header.hash();
        Ok(row)
    }
}

/// Encodes a row.
pub(super) fn encode(row: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(row).expect("rows are plain data and the vector grows")
}

/// Decodes a row.
pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    postcard::from_bytes(bytes).map_err(|_| Error::Damaged("a row does not decode"))
}

/// Writes the bytes at once: serde takes slices item by item.
fn as_bytes<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

impl What {
    pub fn kind(self) -> Option<Kind> {
        match self {
            What::Allocation => Some(Kind::Allocation),
            What::Reward => Some(Kind::Reward),
            What::Sent => Some(Kind::Sent),
            What::Received => Some(Kind::Received),
            What::Nonce => None,
        }
    }
}

impl From<Kind> for What {
    fn from(kind: Kind) -> What {
        match kind {
            Kind::Allocation => What::Allocation,
            Kind::Reward => What::Reward,
            Kind::Sent => What::Sent,
            Kind::Received => What::Received,
        }
    }
}

impl From<&chain::effects::Entry> for Entry {
    fn from(entry: &chain::effects::Entry) -> Entry {
        Entry {
            previous: entry.previous,
            sequence: entry.sequence,
            balance: entry.balance,
        }
    }
}

impl From<Entry> for leaf::Entry {
    fn from(entry: Entry) -> leaf::Entry {
        leaf::Entry {
            previous: entry.previous,
            sequence: entry.sequence,
            balance: entry.balance,
        }
    }
}

impl Slot<'_> {
    /// Number of offsets that the slot covers.
    pub fn offsets(&self) -> u64 {
        match self {
            Slot::Record { .. } => 1,
            Slot::Void { offsets } => *offsets,
        }
    }
}
