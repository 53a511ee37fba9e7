//! What the core is given.

use chain::Hash;
use engine::Signal;
use journal::TailEvent;

use crate::check::Outcome;

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// [`Signal::Start`] comes first; the follower has nothing to do at the others.
    Signal(Signal),
    /// From the reader that [`Task::Seek`](super::Task::Seek) of this generation started.
    Tail {
        /// The reader's generation; events of older readers are ignored.
        generation: u64,
        /// What it read, or why it cannot read.
        event: TailEvent,
    },
    /// From [`Check::run`](crate::Check::run).
    Checked(Outcome),
    /// The answer to [`Task::Compare`](super::Task::Compare).
    Compared(Compared),
    /// The journal could not be read for a comparison, which is tried again.
    Unavailable(journal::Error),
    /// The journal cannot be read for a comparison, for good.
    Failed(journal::Error),
}

impl From<Signal> for Input {
    fn from(signal: Signal) -> Input {
        Input::Signal(signal)
    }
}

/// What a [`Task::Compare`](super::Task::Compare) found.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Number of the question.
    pub question: u64,
    /// First offset that the topic still has.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// Hash of the value of the record asked for; `None`: there is no such record.
    pub found: Option<Hash>,
}
