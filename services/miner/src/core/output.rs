//! Outputs of the core: work for the shell, and notes.

use std::sync::Arc;

use bytes::Bytes;
use chain::genesis::Rules;
use chain::{Account, Hash, Refusal, Template};
use follow::partition::{Loss, Question};
use follow::snapshot::Encoded;

use crate::fit::Misfit;

/// Work for the shell, or a note.
#[derive(Debug)]
pub enum Output {
    /// Work for the shell of the follower.
    Follow(follow::Task),
    /// Read a partition of `transactions` from an offset on, in place of its previous reader.
    Read {
        /// Partition of `transactions`.
        partition: u32,
        /// Comes back with every event of the reader.
        generation: u64,
        /// First offset.
        from: u64,
    },
    /// Stop reading a partition.
    Stop {
        /// Partition of `transactions`.
        partition: u32,
    },
    /// Check records against the stateless rules.
    Check(Check),
    /// Look at a partition of `transactions`.
    Look(Question),
    /// Search the nonce of a block.
    Seal {
        /// Number of the attempt; comes back with the result.
        attempt: u64,
        /// The assembled block.
        template: Arc<Template>,
        /// The trace contexts of its records, as many as a block carries.
        traces: Vec<(String, Bytes)>,
    },
    /// Stop the search.
    CancelSeal,
    /// Append a block to `blockchain`.
    Append {
        /// Number of the attempt; comes back with the outcome.
        attempt: u64,
        /// The encoded block.
        value: Bytes,
        /// Headers of the record: trace contexts.
        headers: Vec<(String, Bytes)>,
    },
    /// Commit a position for Kafka's tools to show.
    Commit {
        /// Partition of `transactions`.
        partition: u32,
        /// The chain's cursor in it.
        offset: u64,
    },
    /// Keep the state of the chain over a restart.
    Keep(Encoded),
    /// News for an operator.
    Note(Note),
    /// The core has ended and does nothing more. `Ok`: as asked.
    End(Result<(), End>),
}

/// Records to be checked; the answer is [`super::Input::Checked`].
#[derive(Clone, Debug)]
pub struct Check {
    /// Partition of the records.
    pub partition: u32,
    /// Generation of the reader that they came from.
    pub generation: u64,
    /// Offsets of the records.
    pub offsets: Vec<u64>,
    /// Values of the records.
    pub values: Vec<Bytes>,
    /// The sampled trace contexts of the records, each once, as many as a block may carry.
    pub traces: Vec<(String, Bytes)>,
    /// Rules to check them by.
    pub rules: Arc<Rules>,
}

/// News for an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// Caught up for the first time: mining begins.
    Begun {
        /// Height of the tip.
        height: u64,
    },
    /// A block of ours is on the chain.
    Won {
        /// Height of the block.
        height: u64,
        /// Hash of the block.
        hash: Hash,
        /// Offset of its record on the `blockchain` topic.
        offset: u64,
        /// Partition of its slice.
        partition: u32,
        /// Records in it.
        records: u32,
        /// Records that are INCLUDED.
        included: u32,
        /// Tries of its seal.
        tries: u64,
        /// Time from its assembly until it was read back.
        elapsed_ms: u64,
    },
    /// Another miner's block came first.
    Lost {
        /// The height in question.
        height: u64,
        /// The winner; `None` if its miner field is malformed.
        to: Option<Account>,
        /// True if ours had been appended; otherwise it was still being sealed.
        proposed: bool,
    },
    /// The journal's clock is more than ten seconds behind ours: the next timestamp is the parent's.
    TooLate {
        /// Height of the refused block.
        height: u64,
    },
    /// A block of ours was refused by a rule that it should not break.
    Refused {
        /// Height of the block.
        height: u64,
        /// The broken rule.
        refusal: Refusal,
    },
    /// The chain has moved to a version that this software does not know.
    Stopped {
        /// The unknown version.
        version: u32,
    },
    /// The chain does not allow us to make a block.
    Barred(chain::assemble::Error),
    /// A block could not be appended, and will be tried again.
    NotAppended {
        /// Height of the block.
        height: u64,
        /// Error of the journal.
        error: journal::AppendError,
    },
    /// A partition of another miner has lost records.
    ForeignLoss(Loss),
    /// A partition has lost its end under its reader.
    Cut(Loss),
    /// The miner ends while the outcome of an append is unknown.
    InFlight,
    /// The `blockchain` topic cannot be read, or can be read again.
    Log {
        /// `None`: it can be read again.
        trouble: Option<String>,
    },
}

/// The reason why the core gave up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum End {
    /// The follower failed.
    #[error(transparent)]
    Follow(#[from] follow::Fatal),
    /// An own partition has lost records.
    #[error("DATA_LOSS: {0}")]
    Loss(Loss),
    /// An own partition cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The settings do not fit the chain.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}
