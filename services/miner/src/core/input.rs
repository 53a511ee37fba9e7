//! What the core is told.

use bytes::Bytes;
use chain::Record;
use engine::Signal;
use follow::partition::{Question, Seen};
use journal::{AppendError, Appended, TailEvent};

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// What every core is told.
    Signal(Signal),
    /// From the shell of the follower.
    Follow(follow::Input),
    /// From the reader of a partition.
    Transactions {
        /// The partition.
        partition: u32,
        /// Generation of the reader; those of older readers are ignored.
        generation: u64,
        /// What it says.
        event: TailEvent,
    },
    /// The answer to [`super::Output::Check`].
    Checked {
        /// Partition of the records.
        partition: u32,
        /// Generation of the reader they came from.
        generation: u64,
        /// Their offsets, in order.
        offsets: Vec<u64>,
        /// The records, checked.
        records: Vec<Record>,
    },
    /// The answer to [`super::Output::Look`].
    Looked {
        /// The question.
        question: Question,
        /// `None`: the topic could not be looked at.
        seen: Option<Seen>,
    },
    /// The answer to [`super::Output::Seal`], also when it was cancelled.
    Sealed(Sealed),
    /// The answer to [`super::Output::Append`].
    Appended {
        /// Number of the attempt.
        attempt: u64,
        /// The outcome.
        result: Result<Appended, AppendError>,
    },
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// What came of a sealing.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Number of the attempt.
    pub attempt: u64,
    /// The nonce and the finished block; `None`: cancelled.
    pub block: Option<(u64, Bytes)>,
    /// Tries of all threads.
    pub tries: u64,
    /// How long they took, in microseconds.
    pub elapsed_us: u64,
}
