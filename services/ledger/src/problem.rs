//! Why a question gets no answer, by what the client can do about it. Domain terms only: [`crate::errors`] translates.

use chain::{Account, Hash};

/// A question that was not answered, or a stream that ended before its end.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The request is wrong, whatever the chain is: correct it.
    Invalid(Invalid),
    /// The chain has no such thing as of a height.
    Unknown {
        /// The thing.
        what: Unknown,
        /// The height.
        as_of: u64,
    },
    /// The request names a place that the chain has not reached.
    Beyond {
        /// The kind of place.
        what: Beyond,
        /// Where the chain is: the tip, the end of a partition, or the number of leaves.
        end: u64,
    },
    /// The answer does not exist yet: ask again later.
    NotYet(NotYet),
    /// The ledger does not go on with it.
    Failed(Failed),
}

/// What is wrong with a request.
#[derive(Clone, Debug)]
pub enum Invalid {
    /// A field is absent, or not of its form.
    Field(proto::wire::Error),
    /// A range starts after it ends.
    InvertedRange {
        /// Path of its first field.
        field: &'static str,
    },
    /// No such partition.
    Partition {
        /// Path of the field.
        field: &'static str,
        /// How many there are.
        partitions: usize,
    },
    /// The page token is not one of ours, or belongs to another request.
    PageToken,
}

/// What a chain does not have.
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

/// What a chain has not reached.
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

/// What is missing for now.
#[derive(Clone, Copy, Debug)]
pub enum NotYet {
    /// There is no block 0.
    NoChain,
    /// There is a chain, and it is not read far enough to say anything.
    CatchingUp,
    /// The tip is still below the height that the call asks for.
    BelowHeight {
        /// What the call asks for.
        wanted: u64,
        /// The tip.
        tip: u64,
    },
    /// No block up to the height has consumed the offset.
    Pending {
        /// The height.
        height: u64,
    },
}

/// Why the ledger gives up on a call.
#[derive(Clone, Debug)]
pub enum Failed {
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
    Index(crate::index::Error),
}

impl Problem {
    /// A transaction that is not known by this id as of a height.
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
