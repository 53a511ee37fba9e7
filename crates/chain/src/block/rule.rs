//! The rules of block validity: listing them lists every way to refuse a candidate.

use strum::EnumIter;

use crate::genesis;

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
