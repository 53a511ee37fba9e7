//! The values of the index, in postcard: small numbers take few bytes.

use chain::effects::Kind;
use chain::{Account, Hash, Verdict, leaf};
use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use crate::model::answer;

/// Which refused candidates are kept: the last ones only.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// How many there are.
    pub count: u64,
    /// None has an offset below.
    pub first: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Block {
    pub block: answer::Block,
    /// Of the miner, if it was paid.
    pub entry: Option<Entry>,
}

/// An entry as its leaf has it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub previous: Option<u64>,
    pub sequence: u64,
    pub balance: i64,
}

/// Up to [`super::schema::CHUNK_LEAVES`] leaves of one block that follow each other, and what is behind them.
/// Read, it borrows from its row: most of it is only passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chunk<'a> {
    pub height: u64,
    pub partition: u32,
    /// Of the first slot; the others follow without a gap.
    pub from_offset: u64,
    #[serde(borrow)]
    pub slots: Vec<Slot<'a>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Slot<'a> {
    /// What the block carries for one offset.
    Record {
        #[serde(serialize_with = "as_bytes")]
        carried: &'a [u8],
        verdict: Verdict,
        sender: Option<Entry>,
        recipient: Option<Entry>,
    },
    /// This many offsets that hold no record.
    Void { offsets: u64 },
}

/// What only the topic knows of the records of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Marks {
    /// When the log took the block.
    pub block_ms: u64,
    /// How long before that it took each record; `None` for voids and what the topic no longer holds.
    pub ages_ms: Vec<Option<i64>>,
    /// Trace ids, by slot.
    pub traces: Vec<(u8, [u8; 16])>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    /// First leaf of its chunk.
    pub chunk: u64,
    /// Slot in it.
    pub slot: u8,
}

/// Where a transaction would be if the block had not left it out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Omitted {
    pub partition: u32,
    pub offset: u64,
}

/// Entries of one account in one block that follow each other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub steps: Vec<Step>,
}

/// One change of an account. The account's state at any leaf follows from the last one up to it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub leaf: u64,
    pub height: u64,
    pub what: What,
    /// Leaf of the entry before.
    pub previous: Option<u64>,
    /// Of the last entry so far.
    pub sequence: u64,
    pub change: i128,
    pub balance: i64,
    pub nonce: u64,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Allocation,
    Reward,
    Sent,
    Received,
    /// No entry: a refused transaction used up a nonce.
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

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub blocks: u32,
    pub included: u64,
    pub rejected: u64,
    pub stale: u32,
    pub bytes: u64,
    pub work: f64,
    pub latency_sum_ms: u64,
    pub latencies: u64,
    pub latency_max_ms: u64,
}

impl Block {
    /// The row of some bytes, with the hash that is not stored.
    pub fn read(bytes: &[u8]) -> Result<Block, Error> {
        let mut row: Block = decode(bytes)?;
        row.block.hash = row.block.header.hash();
        Ok(row)
    }
}

/// The bytes of a row.
pub(super) fn encode(row: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(row).expect("rows are plain data and the vector grows")
}

/// The row of some bytes.
pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    postcard::from_bytes(bytes).map_err(|_| Error::Damaged("a row does not decode"))
}

/// In one go: serde takes slices item by item.
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
    /// How many offsets it covers.
    pub fn offsets(&self) -> u64 {
        match self {
            Slot::Record { .. } => 1,
            Slot::Void { offsets } => *offsets,
        }
    }
}
