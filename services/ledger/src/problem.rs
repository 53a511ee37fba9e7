//! Why a question gets no answer. Domain terms only: [`crate::errors`] translates.

use chain::{Account, Hash};

/// A question that was not answered, or a stream that ended before its end.
#[derive(Clone, Debug)]
pub enum Problem {
    /// A field is absent, or not of its form.
    Field(proto::wire::Error),
    /// The range begins behind its end.
    InvertedRange {
        /// Path of its first field.
        field: &'static str,
    },
    /// No such partition.
    BadPartition {
        /// Path of the field.
        field: &'static str,
        /// How many there are.
        partitions: usize,
    },
    /// The page token is not one of ours, or belongs to another request.
    BadPageToken,
    /// There is no block 0 yet.
    NoChain,
    /// There is a chain, and it is not read far enough yet to say anything.
    CatchingUp,
    /// The tip is still below the height that the call asks for.
    BelowHeight {
        /// What the call asks for.
        wanted: u64,
        /// The tip.
        tip: u64,
    },
    /// No such transaction as of a height.
    UnknownTransaction {
        /// Its id.
        id: Hash,
        /// As of this height.
        height: u64,
    },
    /// A block consumed the offset of the transaction without it: no leaf tells of it.
    Omitted {
        /// Its id.
        id: Hash,
        /// As of this height.
        height: u64,
    },
    /// No block with that hash as of a height.
    UnknownBlock {
        /// The hash.
        hash: Hash,
        /// As of this height.
        height: u64,
    },
    /// No block has changed the account as of a height.
    UnknownAccount {
        /// Which.
        account: Account,
        /// As of this height.
        height: u64,
    },
    /// No block has the height yet.
    HeightAboveTip {
        /// Path of the field.
        field: &'static str,
        /// The tip.
        tip: u64,
    },
    /// No record has the offset yet.
    OffsetAboveEnd {
        /// End of the partition as last known.
        end: u64,
    },
    /// The log had no such leaf at the height.
    LeafAboveTip {
        /// How many leaves it had.
        size: u64,
    },
    /// No block up to the height has consumed the offset.
    Pending {
        /// The height.
        height: u64,
    },
    /// There is no key to sign checkpoints with.
    NoLogKey,
    /// The reader of a stream is too far behind.
    Lagged {
        /// What to ask for next.
        resume_from: u64,
    },
    /// The service ends.
    ShuttingDown {
        /// What to ask for next, on streams that have positions.
        resume_from: Option<u64>,
    },
    /// The index fails.
    Index(crate::store::Error),
}

impl From<proto::wire::Error> for Problem {
    fn from(error: proto::wire::Error) -> Problem {
        Problem::Field(error)
    }
}

impl From<crate::store::Error> for Problem {
    fn from(error: crate::store::Error) -> Problem {
        Problem::Index(error)
    }
}
