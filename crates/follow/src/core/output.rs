//! What the core wants done, and what it reports.

use crate::check::Check;
use crate::event::Event;

/// What follows from an input.
#[derive(Debug)]
pub enum Output {
    /// Work for the shell.
    Task(Task),
    /// News for whoever embeds the core.
    Event(Event),
}

/// Work for the shell ([`crate::Feed::perform`]).
#[derive(Debug)]
pub enum Task {
    /// Check a block, on any thread; comes back as [`Input::Checked`](super::Input::Checked).
    Check(Box<Check>),
    /// Read where the topic begins and ends, and the record at `offset`; comes back as
    /// [`Input::Compared`](super::Input::Compared).
    Compare {
        /// Number of the question.
        question: u64,
        /// The last record that was processed, if any.
        offset: Option<u64>,
        /// Where the core resumes reading: the topic must reach this far.
        next_offset: u64,
    },
    /// Read the topic from an offset, in the place of any reader before.
    Seek {
        /// Generation of the reader.
        generation: u64,
        /// First offset to read.
        from: u64,
    },
}
