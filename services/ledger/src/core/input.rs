//! What goes into the core.

use engine::Signal;
use follow::partition::Mark;

use crate::model::answer::Finding;
use crate::model::{Facts, Subject};

/// Which reader of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The one that follows the end of the topic: for the queue, and for the audit once that has caught up.
    Live,
    /// The one that the audit has while it is behind.
    Audit,
}

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// What every core is given.
    Signal(Signal),
    /// For the follower. These wait in the second queue while the core is full.
    Follow(follow::Input),
    /// From the reader that [`Output::Read`](super::Output::Read) of this generation started.
    Topic {
        /// Partition of `transactions`.
        partition: u32,
        /// Which reader.
        lane: Lane,
        /// Its generation; those of older readers are ignored.
        generation: u64,
        /// What it reports.
        news: News,
    },
    /// The batch is in the index.
    Written,
    /// The answer to [`Output::Load`](super::Output::Load); `None`: no such block.
    Loaded {
        /// Partition asked for.
        partition: u32,
        /// The block.
        subject: Option<Subject>,
    },
    /// The answer to [`Output::Survey`](super::Output::Survey).
    Surveyed {
        /// Partition asked for.
        partition: u32,
        /// Its ends.
        offsets: journal::Offsets,
        /// The record that was asked for, and whether it is still there.
        compared: Option<(Mark, bool)>,
    },
    /// The answer to [`Output::Recheck`](super::Output::Recheck).
    Rechecked {
        /// Partition asked for.
        partition: u32,
        /// What the topic has lost, without numbers; `None`: it could not be read.
        findings: Option<Vec<Finding>>,
    },
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// What a reader of the topic reports.
#[derive(Debug)]
pub enum News {
    /// Records.
    Facts(Facts),
    /// It cannot read right now, and keeps trying.
    Unavailable(journal::Error),
    /// It can read again.
    Available,
    /// It cannot read on from here, and has stopped.
    Lost(journal::Error),
}
