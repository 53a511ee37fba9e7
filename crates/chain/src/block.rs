//! Blocks: candidates for the chain, and how far each has been checked.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use strum::EnumIter;

use crate::genesis::{self, Rules};
use crate::hash::Hash;
use crate::header::{self, Header};
use crate::parallel::Parallel;
use crate::record::Record;
use crate::verdict::Verdict;

/// A candidate. `Block<Unchecked>` has a header that was read; `Block<Checked>` has passed every rule
/// that needs no chain. Only the checked form can be applied.
#[derive(Clone, Debug)]
pub struct Block<S = Unchecked> {
    value: Bytes,
    header: Header,
    header_bytes: [u8; header::BYTES],
    hash: Hash,
    signature: Range<usize>,
    /// Whether the block signature holds: a fact of the bytes alone, so found once.
    signed: OnceLock<bool>,
    body: S,
}

/// A block of which only the header has been read.
#[derive(Clone, Debug)]
pub struct Unchecked;

/// What a checked block carries.
#[derive(Clone, Debug)]
pub struct Checked {
    records: Vec<Record>,
    verdicts: Vec<Verdict>,
    holes: Vec<Hole>,
}

/// A run of offsets that hold no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// First offset.
    pub from_offset: u64,
    /// End, exclusive.
    pub to_offset: u64,
}

/// What lies at the offsets of a block's slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// One offset with a record, and the verdict on it.
    Record(&'a Record, Verdict),
    /// A run of offsets without records.
    Hole(Range<u64>),
}

/// The rules of block validity, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, thiserror::Error)]
pub enum Rule {
    /// The chain has moved to a version that this software does not know.
    #[error("the chain has moved to a version that this software does not know")]
    Stopped,
    /// Longer than `max_block_bytes`.
    #[error("longer than the genesis allows")]
    Oversize,
    /// Not a canonical block.
    #[error("not a block in canonical protobuf")]
    Undecodable,
    /// Not version 1.
    #[error("a version other than 1")]
    BadVersion,
    /// The parent is not the tip: it lost the race, or is a copy. No error.
    #[error("its parent is not the tip")]
    Stale,
    /// Not the height after the parent's.
    #[error("height is not one more than the parent's")]
    BadHeight,
    /// A partition that the chain does not have.
    #[error("no such partition")]
    BadPartition,
    /// The slice does not begin at the cursor.
    #[error("the slice does not begin at the cursor of its partition")]
    BadFrom,
    /// The slice is empty or too long.
    #[error("the slice is empty, or longer than the genesis allows")]
    BadSlice,
    /// Timestamp before the parent's.
    #[error("timestamp before the parent's")]
    TooEarly,
    /// Timestamp too far ahead of the time at which the block was appended.
    #[error("timestamp more than ten seconds after the block was appended")]
    TooLate,
    /// Not the bits that the work rule asks for.
    #[error("bits are not what the work rule asks for")]
    BadBits,
    /// The hash exceeds the target.
    #[error("the hash exceeds the target")]
    BadWork,
    /// The miner is malformed or may not mine.
    #[error("the miner is malformed or may not mine")]
    BadMiner,
    /// The miner's signature does not verify.
    #[error("the miner's signature does not verify")]
    BadBlockSignature,
    /// Holes are empty, out of order, touching or outside the slice.
    #[error("holes are empty, out of order, touching or outside the slice")]
    BadHoles,
    /// Records and holes do not fill the slice, or there is not one verdict each.
    #[error("records and holes do not fill the slice, or there is not one verdict per record")]
    BadRecordCount,
    /// A verdict is not what the rules say.
    #[error("a verdict is not what the rules say")]
    BadVerdict,
    /// Size or root of the log are wrong.
    #[error("size or root of the log are wrong")]
    BadLog,
}

impl Rule {
    /// The stable name, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Rule::Stopped => "STOPPED",
            Rule::Oversize => "OVERSIZE",
            Rule::Undecodable => "UNDECODABLE",
            Rule::BadVersion => "BAD_VERSION",
            Rule::Stale => "STALE",
            Rule::BadHeight => "BAD_HEIGHT",
            Rule::BadPartition => "BAD_PARTITION",
            Rule::BadFrom => "BAD_FROM",
            Rule::BadSlice => "BAD_SLICE",
            Rule::TooEarly => "TOO_EARLY",
            Rule::TooLate => "TOO_LATE",
            Rule::BadBits => "BAD_BITS",
            Rule::BadWork => "BAD_WORK",
            Rule::BadMiner => "BAD_MINER",
            Rule::BadBlockSignature => "BAD_BLOCK_SIGNATURE",
            Rule::BadHoles => "BAD_HOLES",
            Rule::BadRecordCount => "BAD_RECORD_COUNT",
            Rule::BadVerdict => "BAD_VERDICT",
            Rule::BadLog => "BAD_LOG",
        }
    }
}

/// Why a candidate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// By a rule of block validity.
    #[error(transparent)]
    Block(#[from] Rule),
    /// By a rule of block 0, before there was a chain.
    #[error(transparent)]
    Genesis(#[from] genesis::Fault),
}

impl Refusal {
    /// The stable name, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Block(rule) => rule.code(),
            Refusal::Genesis(fault) => fault.code(),
        }
    }

    /// Whether this is merely a lost race or a copy.
    pub fn is_stale(self) -> bool {
        self == Refusal::Block(Rule::Stale)
    }
}

/// What to do about the signatures of the records of a block.
#[derive(Clone, Copy)]
pub enum Signatures<'a> {
    /// Check them, in batches.
    Check {
        /// Unpredictable to whoever made the block.
        seed: [u8; 32],
        /// Whether this process has already found the signature of the record with this hash good.
        known: &'a (dyn Fn(&Hash) -> bool + Sync),
    },
    /// Believe the block, its own signature too: it leads to a tip that is trusted.
    Assume,
}

/// Reads the header of a candidate: the rules OVERSIZE to the second UNDECODABLE.
pub fn frame(value: Bytes, max_bytes: u32) -> Result<Block<Unchecked>, Rule> {
    let _ = (value, max_bytes);
    todo!()
}

impl<S> Block<S> {
    /// The header. Its miner is `None` if malformed; the hash is of the bytes as they came.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The 156 bytes that are hashed.
    pub fn header_bytes(&self) -> &[u8; header::BYTES] {
        &self.header_bytes
    }

    /// The block hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The value of the record on `blockchain`.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// Bytes of the value.
    pub fn size(&self) -> usize {
        self.value.len()
    }

    /// The miner's signature; empty if there is none.
    pub fn signature(&self) -> &[u8] {
        &self.value[self.signature.clone()]
    }
}

impl Block<Unchecked> {
    /// Believe the miner's signature from here on, without looking at it.
    pub fn assume_signed(&self) {
        let _ = self.signed.set(true);
    }

    /// Checks everything that needs no chain: the body is canonical, holes and counts fit the slice,
    /// and all verdicts that the records alone decide are right. Errors are UNDECODABLE, BAD_HOLES,
    /// BAD_RECORD_COUNT and BAD_VERDICT; rules that need the chain come before these, so ask
    /// `Chain::admit` first if the name of the failure matters.
    pub fn check(
        self,
        rules: &Rules,
        signatures: Signatures<'_>,
        parallel: &dyn Parallel,
    ) -> Result<Block<Checked>, Rule> {
        let _ = (rules, signatures, parallel.width());
        todo!()
    }
}

impl Block<Checked> {
    /// The records, in offset order. None in block 0.
    pub fn records(&self) -> &[Record] {
        &self.body.records
    }

    /// The verdicts, one per record.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.body.verdicts
    }

    /// The offsets of the slice that hold no record.
    pub fn holes(&self) -> &[Hole] {
        &self.body.holes
    }

    /// The slice in offset order: each record, and each run of offsets without records.
    pub fn slots(&self) -> impl Iterator<Item = (u64, Slot<'_>)> + '_ {
        std::iter::empty()
    }
}
