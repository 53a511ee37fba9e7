//! Reasons to refuse a question, by what the client can do about it. Domain terms only: [`crate::errors`] translates.

use chain::{Account, Hash};

/// A question without an answer, or a stream that ended early.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The request is wrong, independent of the chain: correct it.
    Invalid(Invalid),
    /// The chain has no such item as of a height.
    Unknown {
        /// The item.
        what: Unknown,
        /// The height as of which it is unknown.
        as_of: u64,
    },
    /// The request names a position that the chain has not reached.
    Beyond {
        /// The kind of position.
        what: Beyond,
        /// End of the chain: the tip, the end of a partition, or the number of leaves.
        end: u64,
    },
    /// The answer does not exist yet: ask again later.
    NotYet(NotYet),
    /// The ledger cannot continue the call.
    Failed(Failed),
}

/// A fault of the request.
#[derive(Clone, Debug)]
pub enum Invalid {
    /// A field is absent or malformed.
    Field(proto::wire::Error),
    /// A range starts after it ends.
    InvertedRange {
        /// Path of its first field.
        field: &'static str,
    },
    /// The chain has no such partition.
    Partition {
        /// Path of the field.
        field: &'static str,
        /// Number of partitions.
        partitions: usize,
    },
    /// The page token is malformed, or belongs to another request.
    PageToken,
}

/// An item that the chain does not have.
#[derive(Clone, Copy, Debug)]
pub enum Unknown {
    /// A transaction, by id.
    Transaction(Hash),
    /// A transaction whose offset a block consumed without it: it has no leaf.
    Omitted(Hash),
    /// A block, by hash.
    Block(Hash),
    /// An account that no block has changed.
    Account(Account),
}

/// A position that the chain has not reached.
#[derive(Clone, Copy, Debug)]
pub enum Beyond {
    /// A height.
    Height {
        /// Path of the field.
        field: &'static str,
    },
    /// An offset of a partition.
    Offset,
    /// A leaf of the log.
    Leaf,
}

/// An answer that does not exist yet.
#[derive(Clone, Copy, Debug)]
pub enum NotYet {
    /// There is no block 0.
    NoChain,
    /// There is a chain, but too little of it has been read.
    CatchingUp,
    /// The tip is still below the height that the call requires.
    BelowHeight {
        /// Required height.
        wanted: u64,
        /// Height of the tip.
        tip: u64,
    },
    /// No block up to the height has consumed the offset.
    Pending {
        /// Height as of which a proof was requested.
        height: u64,
    },
}

/// A reason to give up on a call.
#[derive(Clone, Debug)]
pub enum Failed {
    /// No key for checkpoints is configured.
    NoLogKey,
    /// The reader of a stream is too far behind.
    Lagged {
        /// Position to resume from.
        resume_from: u64,
    },
    /// The service is shutting down.
    ShuttingDown {
        /// Position to resume from, on streams that have positions.
        resume_from: Option<u64>,
    },
    /// The index failed.
    Index(crate::index::Error),
}

impl Problem {
    /// A transaction with an unknown id as of a height.
    pub fn unknown_transaction(id: Hash, as_of: u64) -> Problem {
        let what = Unknown::Transaction(id);
        Problem::Unknown { what, as_of }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Problem {
        Problem::Invalid(invalid)
    }
}

impl From<NotYet> for Problem {
    fn from(missing: NotYet) -> Problem {
        Problem::NotYet(missing)
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Problem {
        Problem::Failed(failed)
    }
}

impl From<proto::wire::Error> for Problem {
    fn from(error: proto::wire::Error) -> Problem {
        Problem::Invalid(Invalid::Field(error))
    }
}

impl From<crate::index::Error> for Problem {
    fn from(error: crate::index::Error) -> Problem {
        Problem::Failed(Failed::Index(error))
    }
}
