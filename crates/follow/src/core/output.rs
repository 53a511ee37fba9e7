//! Outputs of the core: tasks and events.

use crate::check::Check;
use crate::event::Event;

/// A reaction to an input.
#[derive(Debug)]
pub enum Output {
    /// Work for the shell.
    Task(Task),
    /// News for the service that embeds the core.
    Event(Event),
}

/// Work for the shell ([`crate::Feed::perform`]).
#[derive(Debug)]
pub enum Task {
    /// Check a block, on any thread; comes back as [`Input::Checked`](super::Input::Checked).
    Check(Box<Check>),
    /// Read the ends of the topic and the record at `offset`; comes back as [`Input::Compared`](super::Input::Compared).
    Compare {
        /// Number of the question.
        question: u64,
        /// Offset of the last record processed, if any.
        offset: Option<u64>,
        /// Offset at which the core resumes reading: the topic must reach it.
        next_offset: u64,
    },
    /// Read the topic from an offset, in place of the previous reader.
    Seek {
        /// Generation of the reader.
        generation: u64,
        /// First offset to read.
        from: u64,
    },
}
