//! Why a submission was not taken, or why nobody knows whether it was. Domain terms only: `errors.rs` translates.

use std::time::Duration;

use chain::{Hash, Transaction, Verdict};

/// A submission that was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason.
    pub why: Why,
    /// Id of the transaction, once it is known. Boxed with the nonce: most rejections travel without.
    pub names: Option<Box<Names>>,
}

/// What a client needs to submit the very same transaction again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The transaction's id.
    pub id: Hash,
    /// Its nonce, which ingest may have chosen.
    pub nonce: u64,
}

/// The reasons, by what the client can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The request has to be changed.
    Invalid(Invalid),
    /// The state has to change first, or the transaction.
    Precondition(Precondition),
    /// Nothing was persisted; the same request may succeed shortly.
    Unavailable(Unavailable),
    /// Too much in flight; nothing was persisted.
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// The partition ends below the chain's cursor: what is appended there can never be in a block. An operator has to act.
    LogBehind {
        /// Partition of `transactions`.
        partition: u32,
        /// Where the last try landed, or the end.
        offset: u64,
        /// The chain's cursor, which it must not lie below.
        cursor: u64,
    },
    /// The record may be in the log, now or later. The same transaction may be submitted again.
    OutcomeUnknown(String),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// A stateless rule of the chain fails: every block would refuse the record with this verdict,
    /// one of 1 to 7, or NONCE_TOO_LOW for nonce 0.
    Verdict(Verdict),
    /// A key signs its nonce, so nobody else can choose one.
    NonceRequired,
    /// The nonce is more than a day above the clock and would freeze the account.
    NonceTooHigh {
        /// Highest nonce taken now.
        limit: u64,
    },
    /// A field is absent, or not of its form.
    Field(proto::wire::Error),
    /// Meant for another chain.
    WrongChain {
        /// The chain this ingest appends to.
        expected: Hash,
        /// The chain the request names.
        found: Hash,
    },
    /// No such partition.
    BadPartition {
        /// How many there are.
        partitions: u32,
    },
}

/// What the request comes too early or too late for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is no block 0 yet.
    NoChain,
    /// It was given up before, and a later transaction of the sender is in the log: appended now it would be void.
    Overtaken {
        /// The nonce that is in the log.
        by: u64,
    },
}

/// Why nothing was persisted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The log cannot be reached.
    Log(String),
    /// The ledger does not answer with the sender's last nonce, without which none can be chosen.
    Ledger(String),
    /// An earlier transaction of the sender on the same stream was given up, and this one must not overtake it.
    EarlierGivenUp {
        /// The nonce to send again from.
        first: u64,
    },
    /// The log has not been read to its end, so that there may be a block 0.
    CatchingUp,
    /// The service ends.
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
    /// Of a transaction that has no name yet.
    pub fn new(why: impl Into<Why>) -> Self {
        why.into().into()
    }

    /// Adds what the transaction is called on the chain.
    pub fn of(why: impl Into<Why>, id: Hash, nonce: u64) -> Self {
        Self {
            why: why.into(),
            names: Some(Box::new(Names { id, nonce })),
        }
    }

    /// Adds what `transaction` is called, if it can be called anything.
    pub fn naming(why: impl Into<Why>, transaction: &Transaction, chain_id: &Hash) -> Self {
        match has_id(transaction) {
            true => Self::of(why, transaction.id(chain_id), transaction.nonce),
            false => Self::new(why),
        }
    }
}

/// Whether the transaction has an id: what is hashed has no room for accounts and memos of another form.
pub fn has_id(transaction: &Transaction) -> bool {
    transaction.sender_account().is_some()
        && (transaction.recipient.is_empty() || transaction.recipient_account().is_some())
        && transaction.memo.len() <= chain::limits::MAX_MEMO_BYTES
}
