//! Reasons why a submission was not acknowledged. Domain terms only: `errors.rs` translates.

use std::time::Duration;

use chain::{Hash, Transaction, Verdict};

/// A submission that was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason, by what the client can do.
    pub why: Why,
    /// Id and nonce, once known. Boxed: most rejections have none.
    pub names: Option<Box<Names>>,
}

/// Identifies a transaction, so that a client can submit it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Hash of the signed bytes on this chain.
    pub id: Hash,
    /// The nonce, which ingest may have chosen.
    pub nonce: u64,
}

/// The reasons, by what the client can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The request has to be corrected.
    Invalid(Invalid),
    /// The state has to change first, or the transaction.
    Precondition(Precondition),
    /// Nothing was persisted; the same request may succeed shortly.
    Unavailable(Unavailable),
    /// Too much in flight; nothing was persisted.
    Overloaded {
        /// Time after which to try again.
        retry_after: Duration,
    },
    /// The partition ends below the chain's cursor: a record appended there can never be in a block. An operator must act.
    LogBehind {
        /// Partition of `transactions`.
        partition: u32,
        /// Offset of the last try, or the end.
        offset: u64,
        /// The chain's cursor.
        cursor: u64,
    },
    /// The record may be in the topic, now or later. The same transaction may be submitted again.
    OutcomeUnknown(String),
}

/// A fault of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// A stateless rule of the chain fails: every block would refuse the record with this verdict,
    /// one of 1 to 7, or NONCE_TOO_LOW for nonce 0.
    Verdict(Verdict),
    /// A key signs its nonce, so only its owner can choose one.
    NonceRequired,
    /// The nonce is more than a day above the clock and would freeze the account.
    NonceTooHigh {
        /// Highest nonce that is accepted now.
        limit: u64,
    },
    /// A field is absent or malformed.
    Field(proto::wire::Error),
    /// The request is for another chain.
    WrongChain {
        /// The chain this ingest appends to.
        expected: Hash,
        /// The chain the request names.
        found: Hash,
    },
    /// The chain has no such partition.
    BadPartition {
        /// Number of partitions.
        partitions: u32,
    },
}

/// A precondition that the request does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is no block 0 yet.
    NoChain,
    /// It was given up before, and a later transaction of the sender has landed: appended now it would be void.
    Overtaken {
        /// The nonce that has landed.
        by: u64,
    },
}

/// The reason why nothing was persisted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The journal cannot be reached.
    Log(String),
    /// The ledger has not returned the sender's last nonce, without which none can be chosen.
    Ledger(String),
    /// An earlier transaction of the sender on the same stream was given up, and this one must not overtake it.
    EarlierGivenUp {
        /// The nonce from which to send again.
        first: u64,
    },
    /// The journal has not been read to its end, so that there may be a block 0.
    CatchingUp,
    /// The service is shutting down.
    ShuttingDown,
}

impl From<Invalid> for Why {
    fn from(invalid: Invalid) -> Self {
        Why::Invalid(invalid)
    }
}

impl From<Precondition> for Why {
    fn from(precondition: Precondition) -> Self {
        Why::Precondition(precondition)
    }
}

impl From<Unavailable> for Why {
    fn from(unavailable: Unavailable) -> Self {
        Why::Unavailable(unavailable)
    }
}

impl From<Why> for Rejection {
    fn from(why: Why) -> Self {
        Self { why, names: None }
    }
}

impl From<proto::wire::Error> for Rejection {
    fn from(error: proto::wire::Error) -> Self {
        Rejection::new(Invalid::Field(error))
    }
}

impl Rejection {
    /// A rejection without id and nonce.
    pub fn new(why: impl Into<Why>) -> Self {
        why.into().into()
    }

    /// A rejection with id and nonce.
    pub fn of(why: impl Into<Why>, id: Hash, nonce: u64) -> Self {
        Self {
            why: why.into(),
            names: Some(Box::new(Names { id, nonce })),
        }
    }

    /// A rejection of `transaction`, with id and nonce if it has an id.
    pub fn naming(why: impl Into<Why>, transaction: &Transaction, chain_id: &Hash) -> Self {
        match transaction.id(chain_id) {
            Some(id) => Self::of(why, id, transaction.nonce),
            None => Self::new(why),
        }
    }
}
