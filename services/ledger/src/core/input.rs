//! Inputs of the core.

use engine::Signal;
use follow::partition::Mark;

use crate::model::answer::Finding;
use crate::model::{Subject, TopicBatch};

/// The role of a reader of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Follows the end of the topic: for the queue, and for the audit once it has caught up.
    Live,
    /// The audit's own reader while it is behind.
    Audit,
}

/// An event outside the core.
#[derive(Debug)]
pub enum Input {
    /// A signal that every core gets.
    Signal(Signal),
    /// For the follower. These wait in a second queue while the core is full.
    Follow(follow::Input),
    /// From the reader that [`Output::Read`](super::Output::Read) of this generation started.
    Topic {
        /// Partition of `transactions`.
        partition: u32,
        /// Role of the reader.
        role: Role,
        /// Generation of the reader; inputs of older ones are ignored.
        generation: u64,
        /// The reader's report.
        news: News,
    },
    /// The batch is in the index.
    Written,
    /// The answer to [`Output::Load`](super::Output::Load); `None`: no such block.
    Loaded {
        /// Partition of `transactions`.
        partition: u32,
        /// The block whose slice holds the offset.
        subject: Option<Subject>,
    },
    /// The answer to [`Output::Survey`](super::Output::Survey).
    Surveyed {
        /// Partition of `transactions`.
        partition: u32,
        /// First offset and end of the partition.
        offsets: journal::Offsets,
        /// The record in question, and whether the partition still holds it.
        compared: Option<(Mark, bool)>,
    },
    /// The answer to [`Output::Recheck`](super::Output::Recheck).
    Rechecked {
        /// Partition of `transactions`.
        partition: u32,
        /// Findings about lost records, not numbered yet; `None`: the topic could not be read.
        findings: Option<Vec<Finding>>,
    },
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// A report of a reader.
#[derive(Debug)]
pub enum News {
    /// Records, in offset order.
    Batch(TopicBatch),
    /// The topic cannot be read right now; the reader keeps trying.
    Unavailable(journal::Error),
    /// The topic can be read again.
    Available,
    /// The reader cannot continue, and has stopped.
    Lost(journal::Error),
}
