//! Inputs of the core.

use chain::Hash;
use engine::Signal;
use journal::TailEvent;

use crate::check::Outcome;

/// An event outside the core.
#[derive(Debug)]
pub enum Input {
    /// [`Signal::Start`] comes first; the follower ignores the others.
    Signal(Signal),
    /// From the reader that [`Task::Seek`](super::Task::Seek) of this generation started.
    Tail {
        /// Generation of the reader; events of older ones are ignored.
        generation: u64,
        /// The reader's report.
        event: TailEvent,
    },
    /// From [`Check::run`](crate::Check::run).
    Checked(Outcome),
    /// The answer to [`Task::Compare`](super::Task::Compare).
    Compared(Compared),
    /// A comparison failed because the journal is unavailable; it will be tried again.
    Unavailable(journal::Error),
    /// A comparison failed for good.
    Failed(journal::Error),
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// The answer to a [`Task::Compare`](super::Task::Compare).
#[derive(Clone, Debug)]
pub struct Compared {
    /// Number of the question.
    pub question: u64,
    /// First offset that the topic still has.
    pub start: u64,
    /// End of the topic.
    pub end: u64,
    /// Hash of the value of the record in question; `None`: there is no such record.
    pub found: Option<Hash>,
}
