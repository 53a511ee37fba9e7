//! What comes out of the core.

use follow::Refused;

use super::Lane;
use super::loss::Question;
use crate::model::answer::Finding;
use crate::model::{Batch, Condition, Publication, Trouble};

/// What the core wants done, or reports.
#[derive(Debug)]
pub enum Output {
    /// Work for the follower's shell.
    Follow(follow::Task),
    /// Write this, and answer with [`Input::Written`](super::Input::Written). One at a time.
    Write(Box<Batch>),
    /// Readers see this from now on.
    Publish(Box<Publication>),
    /// Readers see nothing any more, and the index is emptied before the next write: it was built on misplaced trust.
    Withdraw,
    /// Read the topic, in place of any reader before of that partition and lane.
    Read {
        /// Partition of `transactions`.
        partition: u32,
        /// Which reader.
        lane: Lane,
        /// Of the new reader.
        generation: u64,
        /// First offset.
        from: u64,
    },
    /// Stop reading.
    Stop {
        /// Partition of `transactions`.
        partition: u32,
        /// Which reader.
        lane: Lane,
    },
    /// Read back the block whose slice holds an offset, and answer with [`Input::Loaded`](super::Input::Loaded).
    Load {
        /// Partition.
        partition: u32,
        /// Offset.
        offset: u64,
    },
    /// Ask where the topic begins and ends and what it holds, and answer with [`Input::Surveyed`](super::Input::Surveyed) if that is known.
    Survey {
        /// Partition of `transactions`.
        partition: u32,
        /// What else is asked.
        question: Question,
    },
    /// The topic has lost records: compare again what was compared below an offset, and answer with [`Input::Rechecked`](super::Input::Rechecked).
    Recheck {
        /// Partition of `transactions`.
        partition: u32,
        /// How far blocks have been compared.
        below: u64,
    },
    /// Keep this over a restart. The index holds the block that it ends with.
    Snapshot(Snapshot),
    /// A position for Kafka's own tools.
    Commit {
        /// Everything on `blockchain` below is in the index.
        applied_offset: u64,
    },
    /// Whether a condition of readiness holds, and if not, why.
    Ready(Condition, Result<(), Trouble>),
    /// The chain has moved to a version that this software does not know: nothing new will come, and what is there is served.
    Stopped {
        /// The version.
        version: u32,
    },
    /// A candidate that did not become a block.
    Refused(Refused),
    /// The audit found something.
    Found(Vec<Finding>),
    /// The end: nothing more will come. Only an operator can help.
    Fatal(follow::Fatal),
    /// The end that [`Signal::Stop`](engine::Signal::Stop) asked for: nothing more will come.
    Ended,
}

/// A snapshot to write.
pub struct Snapshot(pub follow::snapshot::Encoded);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}
