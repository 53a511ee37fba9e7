//! The rules of block validity: listing them lists every way to refuse a candidate.

use strum::EnumIter;

use crate::genesis;

/// The rules of block validity, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, thiserror::Error)]
pub enum Rule {
    /// format.md, "Block validity": "no `version N` order that this software does not know has acted".
    #[error("the chain has moved to a version that this software does not know")]
    Stopped,
    /// format.md, "Block validity": "value ≤ `max_block_bytes`".
    #[error("longer than the genesis allows")]
    Oversize,
    /// format.md, "Block validity": "the bytes are 0x0a, a length …, and that many bytes", "the header is canonical", "the whole value canonical".
    #[error("not a block in canonical protobuf")]
    Undecodable,
    /// format.md, "Block validity": "version 1 (an explicit 0, or 2^32 and more, is a version too)".
    #[error("a version other than 1")]
    BadVersion,
    /// format.md, "Block validity": "previous hash is the tip. If not: it lost the race, or is a copy; no error".
    #[error("its parent is not the tip")]
    Stale,
    /// format.md, "Block validity": "height = parent + 1".
    #[error("height is not one more than the parent's")]
    BadHeight,
    /// format.md, "Block validity": "partition < `partitions`".
    #[error("no such partition")]
    BadPartition,
    /// format.md, "Block validity": "from = cursor of that partition".
    #[error("the slice does not begin at the cursor of its partition")]
    BadFrom,
    /// format.md, "Block validity": "from < to ≤ from + `max_block_records`".
    #[error("the slice is empty, or longer than the genesis allows")]
    BadSlice,
    /// format.md, "Block validity": "parent's timestamp ≤ timestamp".
    #[error("timestamp before the parent's")]
    TooEarly,
    /// format.md, "Block validity": "timestamp ≤ max(parent's timestamp, append time of the block's record + 10 000 ms)".
    #[error("timestamp more than ten seconds after the block was appended")]
    TooLate,
    /// format.md, "Block validity": "bits as the work rule says".
    #[error("bits are not what the work rule asks for")]
    BadBits,
    /// format.md, "Block validity": "hash ≤ target".
    #[error("the hash exceeds the target")]
    BadWork,
    /// format.md, "Block validity": "miner well-formed, in the list of miners unless that is empty, named only if open".
    #[error("the miner is malformed or may not mine")]
    BadMiner,
    /// format.md, "Block record": "A key account that mines signs `"blocklog:block:v1" ‖ block hash`; for a named miner the
    /// signature is empty".
    #[error("the miner's signature does not verify")]
    BadBlockSignature,
    /// format.md, "Block validity": "holes each with from < to, ascending, apart, not touching, inside the slice".
    #[error("holes are empty, out of order, touching or outside the slice")]
    BadHoles,
    /// format.md, "Block validity": "records + hole offsets = to − from; one verdict per record".
    #[error("records and holes do not fill the slice, or there is not one verdict per record")]
    BadRecordCount,
    /// format.md, "Block validity": "verdicts equal the recomputed ones".
    #[error("a verdict is not what the rules say")]
    BadVerdict,
    /// format.md, "Block validity": "log size, log root".
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

/// The reason to refuse a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// A rule of block validity.
    #[error(transparent)]
    Block(#[from] Rule),
    /// A rule of block 0, before there was a chain.
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

    /// True for a lost race or a copy.
    pub fn is_stale(self) -> bool {
        self == Refusal::Block(Rule::Stale)
    }
}
