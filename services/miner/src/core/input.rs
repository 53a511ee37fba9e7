//! Inputs of the core.

use bytes::Bytes;
use chain::Record;
use engine::Signal;
use follow::partition::{Answer, Question};
use journal::{AppendError, Appended, TailEvent};

/// An event outside the core.
#[derive(Debug)]
pub enum Input {
    /// A signal that every core gets.
    Signal(Signal),
    /// From the shell of the follower.
    Follow(follow::Input),
    /// From the reader of a partition.
    Transactions {
        /// Partition of `transactions`.
        partition: u32,
        /// Generation of the reader; events of older ones are ignored.
        generation: u64,
        /// The reader's report.
        event: TailEvent,
    },
    /// The answer to [`super::Output::Check`].
    Checked {
        /// Partition of the records.
        partition: u32,
        /// Generation of the reader that they came from.
        generation: u64,
        /// Their offsets, in order.
        offsets: Vec<u64>,
        /// The records with their stateless verdicts, in the same order.
        records: Vec<Record>,
    },
    /// The answer to [`super::Output::Look`].
    Looked {
        /// The question.
        question: Question,
        /// `None`: the topic could not be looked at.
        seen: Option<Answer>,
    },
    /// The answer to [`super::Output::Seal`], also when it was cancelled.
    Sealed(Sealed),
    /// The answer to [`super::Output::Append`].
    Appended {
        /// Number of the attempt, as in the output.
        attempt: u64,
        /// Offset and append time, or the error.
        result: Result<Appended, AppendError>,
    },
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// The result of a sealing.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Number of the attempt, as in the output.
    pub attempt: u64,
    /// The nonce and the finished block; `None`: cancelled.
    pub block: Option<(u64, Bytes)>,
    /// Tries of all threads.
    pub tries: u64,
    /// Duration of the search, in microseconds.
    pub elapsed_us: u64,
}
