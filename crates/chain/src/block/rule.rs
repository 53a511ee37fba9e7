//! The rules of block validity: listing them lists every way to refuse a candidate.

use strum::EnumIter;

use crate::genesis;

/// The rules of block validity, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, thiserror::Error)]
pub enum Rule {
    /// format.md, "Block validity": "no `version N` order that this software does not know has acted".
    #[error("the chain has moved to version {0}, which this software does not know")]
    Stopped(u32),
    /// format.md, "Block validity": "value ≤ `max_block_bytes`".
    #[error("{bytes} bytes, where the genesis allows {max}")]
    Oversize {
        /// Bytes of the value.
        bytes: u64,
        /// `max_block_bytes`.
        max: u32,
    },
    /// format.md, "Block validity": "the bytes are 0x0a, a length …, and that many bytes", "the header is canonical", "the whole value canonical".
    #[error("not a block in canonical protobuf")]
    Undecodable,
    /// format.md, "Block validity": "version 1 (an explicit 0, or 2^32 and more, is a version too)".
    #[error("version {0}, not 1")]
    BadVersion(u64),
    /// format.md, "Block validity": "previous hash is the tip. If not: it lost the race, or is a copy; no error".
    #[error("its parent is not the tip")]
    Stale,
    /// format.md, "Block validity": "height = parent + 1".
    #[error("height {}, where {} is one more than the parent's", .0.found, .0.expected)]
    BadHeight(Unequal<u64>),
    /// format.md, "Block validity": "partition < `partitions`".
    #[error("there is no partition {0}")]
    BadPartition(u32),
    /// format.md, "Block validity": "from = cursor of that partition".
    #[error("the slice begins at {}, where the cursor of its partition is {}", .0.found, .0.expected)]
    BadFrom(Unequal<u64>),
    /// format.md, "Block validity": "from < to ≤ from + `max_block_records`".
    #[error("the slice from {from_offset} to {to_offset} is empty, or longer than {max}")]
    BadSlice {
        /// First offset.
        from_offset: u64,
        /// End, exclusive.
        to_offset: u64,
        /// `max_block_records`.
        max: u32,
    },
    /// format.md, "Block validity": "parent's timestamp ≤ timestamp".
    #[error("timestamp {timestamp_ms} ms, before the parent's {parent_ms}")]
    TooEarly {
        /// Timestamp of the header.
        timestamp_ms: u64,
        /// Timestamp of the parent.
        parent_ms: u64,
    },
    /// format.md, "Block validity": "timestamp ≤ max(parent's timestamp, append time of the block's record + 10 000 ms)".
    #[error(
        "timestamp {timestamp_ms} ms, more than ten seconds after the block was appended at {append_ms}"
    )]
    TooLate {
        /// Timestamp of the header.
        timestamp_ms: u64,
        /// Append time of the block's record.
        append_ms: u64,
    },
    /// format.md, "Block validity": "bits as the work rule says".
    #[error("bits {:#010x}, where the work rule asks for {:#010x}", .0.found, .0.expected)]
    BadBits(Unequal<u32>),
    /// format.md, "Block validity": "hash ≤ target".
    #[error("the hash exceeds the target of bits {0:#010x}")]
    BadWork(u32),
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
    #[error(
        "{records} records with {verdicts} verdicts, and {holes} offsets of holes, in a slice of {offsets}"
    )]
    BadRecordCount {
        /// Number of records.
        records: u64,
        /// Number of verdicts.
        verdicts: u64,
        /// Offsets of all holes.
        holes: u64,
        /// Offsets of the slice.
        offsets: u64,
    },
    /// format.md, "Block validity": "verdicts equal the recomputed ones".
    #[error("a verdict is not what the rules say")]
    BadVerdict,
    /// format.md, "Block validity": "log size, log root".
    #[error("log size {}, where {} is due, or another root", .0.found, .0.expected)]
    BadLog(Unequal<u64>),
}

/// A wrong number in a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unequal<T> {
    /// The number in the block.
    pub found: T,
    /// The number required by the rules.
    pub expected: T,
}

impl Rule {
    /// The stable name, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Rule::Stopped(_) => "STOPPED",
            Rule::Oversize { .. } => "OVERSIZE",
            Rule::Undecodable => "UNDECODABLE",
            Rule::BadVersion(_) => "BAD_VERSION",
            Rule::Stale => "STALE",
            Rule::BadHeight(_) => "BAD_HEIGHT",
            Rule::BadPartition(_) => "BAD_PARTITION",
            Rule::BadFrom(_) => "BAD_FROM",
            Rule::BadSlice { .. } => "BAD_SLICE",
            Rule::TooEarly { .. } => "TOO_EARLY",
            Rule::TooLate { .. } => "TOO_LATE",
            Rule::BadBits(_) => "BAD_BITS",
            Rule::BadWork(_) => "BAD_WORK",
            Rule::BadMiner => "BAD_MINER",
            Rule::BadBlockSignature => "BAD_BLOCK_SIGNATURE",
            Rule::BadHoles => "BAD_HOLES",
            Rule::BadRecordCount { .. } => "BAD_RECORD_COUNT",
            Rule::BadVerdict => "BAD_VERDICT",
            Rule::BadLog(_) => "BAD_LOG",
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
