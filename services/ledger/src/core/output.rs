//! Outputs of the core.

use follow::Refused;
use follow::partition::Mark;

use super::Role;
use crate::model::answer::Finding;
use crate::model::{Batch, Condition, Publication, Trouble};

/// Work for the shell, or a report.
#[derive(Debug)]
pub enum Output {
    /// Work for the follower's shell.
    Follow(follow::Task),
    /// Write this batch, and answer with [`Input::Written`](super::Input::Written). One at a time.
    Write(Box<Batch>),
    /// Show readers this from now on.
    Publish(Box<Publication>),
    /// Hide everything from readers, and empty the index before the next write: it was built on misplaced trust.
    Withdraw,
    /// Read the topic, in place of the previous reader of that partition and role.
    Read {
        /// Partition of `transactions`.
        partition: u32,
        /// Role of the reader.
        role: Role,
        /// Generation of the new reader.
        generation: u64,
        /// First offset to read.
        from: u64,
    },
    /// Stop reading.
    Stop {
        /// Partition of `transactions`.
        partition: u32,
        /// Role of the reader.
        role: Role,
    },
    /// Read back the block whose slice holds an offset, and answer with [`Input::Loaded`](super::Input::Loaded).
    Load {
        /// Partition of `transactions`.
        partition: u32,
        /// Offset in the block's slice.
        offset: u64,
    },
    /// Ask for a partition's ends, and for a record; answer with [`Input::Surveyed`](super::Input::Surveyed).
    Survey {
        /// Partition of `transactions`.
        partition: u32,
        /// The question beside the ends.
        question: Question,
    },
    /// After a loss, compare again below an offset; answer with [`Input::Rechecked`](super::Input::Rechecked).
    Recheck {
        /// Partition of `transactions`.
        partition: u32,
        /// End of the blocks that have been compared, as an offset.
        below: u64,
    },
    /// Keep this over a restart. The index holds its tip.
    Snapshot(Snapshot),
    /// Commit a position for Kafka's own tools.
    Commit {
        /// Every candidate on `blockchain` below this offset is in the index.
        applied_offset: u64,
    },
    /// A condition of readiness holds, or the reason why it does not.
    Ready(Condition, Result<(), Trouble>),
    /// The chain has moved to an unknown version: no block will follow, and those that are there are served.
    Stopped {
        /// The unknown version.
        version: u32,
    },
    /// A candidate that did not become a block.
    Refused(Refused),
    /// New findings of the audit.
    Found(Vec<Finding>),
    /// The core has given up: it does nothing more. Only an operator can help.
    Fatal(follow::Fatal),
    /// The core has stopped, as [`Signal::Stop`](engine::Signal::Stop) asked.
    Ended,
}

/// A question to a partition, beside its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// None: only the ends.
    Ends,
    /// Does it still hold this record?
    Holds(Mark),
    /// Does it still hold the last compared record of a block below this offset?
    HoldsCompared(u64),
}

/// A snapshot to write.
pub struct Snapshot(pub follow::snapshot::Encoded);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}
