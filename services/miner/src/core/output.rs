//! What the core wants done, and what it tells.

use std::sync::Arc;

use bytes::Bytes;
use chain::genesis::Rules;
use chain::{Account, Hash, Refusal, Template};
use follow::partition::{Loss, Question};
use follow::snapshot::Encoded;

use crate::fit::Misfit;

/// What the core wants.
#[derive(Debug)]
pub enum Output {
    /// Work for the shell of the follower.
    Follow(follow::Task),
    /// Read a partition of `transactions` from an offset on, in place of any reader before.
    Read {
        /// The partition.
        partition: u32,
        /// Comes back with everything that is read.
        generation: u64,
        /// First offset.
        from: u64,
    },
    /// Read that partition no more.
    Stop {
        /// The partition.
        partition: u32,
    },
    /// Check records against the stateless rules.
    Check(Check),
    /// Look at a partition of `transactions`.
    Look(Question),
    /// Look for the nonce of a block.
    Seal {
        /// Number of the attempt; comes back with the result.
        attempt: u64,
        /// The block.
        template: Arc<Template>,
        /// The trace contexts of its records, as many as a block carries.
        traces: Vec<(String, Bytes)>,
    },
    /// Stop looking.
    CancelSeal,
    /// Append a block to `blockchain`.
    Append {
        /// Number of the attempt; comes back with the outcome.
        attempt: u64,
        /// The block.
        value: Bytes,
        /// The record's headers.
        headers: Vec<(String, Bytes)>,
    },
    /// Leave a position for Kafka's tools to show.
    Commit {
        /// Partition of `transactions`.
        partition: u32,
        /// The chain's cursor.
        offset: u64,
    },
    /// Keep the state of the chain over a restart.
    Keep(Encoded),
    /// Something an operator may want to read.
    Note(Note),
    /// The end: the core does nothing any more. `Ok`: it was stopped.
    End(Result<(), End>),
}

/// Records to be checked; the answer is [`super::Input::Checked`].
#[derive(Clone, Debug)]
pub struct Check {
    /// Partition they are of.
    pub partition: u32,
    /// Generation of the reader they came from.
    pub generation: u64,
    /// Their offsets.
    pub offsets: Vec<u64>,
    /// Their values.
    pub values: Vec<Bytes>,
    /// The trace contexts that they carry and that are sampled, each once, as many as a block may carry.
    pub traces: Vec<(String, Bytes)>,
    /// What they are checked by.
    pub rules: Arc<Rules>,
}

/// Something an operator may want to read.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// Caught up for the first time: mining begins.
    Begun {
        /// Height of the tip.
        height: u64,
    },
    /// A block of ours is on the chain.
    Won {
        /// Its height.
        height: u64,
        /// Its hash.
        hash: Hash,
        /// Its offset on the `blockchain` topic.
        offset: u64,
        /// Partition of its slice.
        partition: u32,
        /// Records in it.
        records: u32,
        /// Those of them that are INCLUDED.
        included: u32,
        /// Tries that its work took.
        tries: u64,
        /// From assembling it to reading it back.
        elapsed_ms: u64,
    },
    /// Somebody else's block came first.
    Lost {
        /// Height both were for.
        height: u64,
        /// Who won; a miner that is read as malformed is none.
        to: Option<Account>,
        /// Whether ours had been appended; otherwise it was still being sealed.
        proposed: bool,
    },
    /// The log's clock is more than ten seconds behind ours: the next timestamp is the parent's.
    TooLate {
        /// Height of the block refused.
        height: u64,
    },
    /// A block of ours was refused by a rule that it should not break.
    Refused {
        /// Its height.
        height: u64,
        /// The rule.
        refusal: Refusal,
    },
    /// The chain has moved to a version that this software does not know.
    Stopped {
        /// The version.
        version: u32,
    },
    /// The chain does not let us make a block.
    Barred(chain::assemble::Error),
    /// A block could not be appended; it is tried again.
    NotAppended {
        /// Its height.
        height: u64,
        /// Why.
        error: journal::AppendError,
    },
    /// A partition that is not ours has lost records.
    ForeignLoss(Loss),
    /// A partition has lost its end under its reader.
    Cut(Loss),
    /// The miner ends, and the outcome of an append is not known.
    InFlight,
    /// The log cannot be read or can be read again.
    Log {
        /// `None`: it can be read again.
        trouble: Option<String>,
    },
}

/// Why the core gave up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum End {
    /// The follower cannot go on.
    #[error(transparent)]
    Follow(#[from] follow::Fatal),
    /// A partition of ours has lost records.
    #[error("DATA_LOSS: {0}")]
    Loss(Loss),
    /// A partition of ours cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// What was asked of the miner does not fit the chain.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}
