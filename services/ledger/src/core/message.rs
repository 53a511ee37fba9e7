//! What goes into the core and what comes out of it.

use std::sync::Arc;

use chain::{Rules, Tip};
use follow::Refused;
use follow::partition::Mark;

use super::compare::Subject;
use super::fact::Facts;
use super::loss::Question;
use super::queue::Line;
use crate::store::answer::{Audit as AuditState, Finding, Totals};
use crate::store::write::Batch;

/// Which reader of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The one that goes along with the end of the topic: for the queue, and for the audit once that has caught up.
    Live,
    /// The one that the audit has while it is behind.
    Audit,
}

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// For the follower.
    Follow(follow::Input),
    /// From the reader that [`Output::Read`] of this generation started.
    Topic {
        /// Partition of `transactions`.
        partition: u32,
        /// Which reader.
        lane: Lane,
        /// Its generation; those of older readers are ignored.
        generation: u64,
        /// What it says.
        news: News,
    },
    /// The batch is in the index.
    Written,
    /// The answer to [`Output::Load`]; `None`: no such block.
    Loaded {
        /// Partition asked for.
        partition: u32,
        /// The block.
        subject: Option<Subject>,
    },
    /// The answer to [`Output::Survey`].
    Surveyed {
        /// Partition asked for.
        partition: u32,
        /// Its ends.
        offsets: journal::Offsets,
        /// The record that was asked for, and whether it is still there.
        compared: Option<(Mark, bool)>,
    },
    /// The answer to [`Output::Recheck`].
    Rechecked {
        /// Partition asked for.
        partition: u32,
        /// What the topic has lost, without numbers; `None`: it could not be read.
        findings: Option<Vec<Finding>>,
    },
    /// Some time has passed.
    Tick,
}

/// What a reader of the topic says.
#[derive(Debug)]
pub enum News {
    /// Records.
    Facts(Facts),
    /// It cannot read right now, and goes on trying.
    Unavailable(journal::Error),
    /// It can read again.
    Available,
    /// It cannot read on from here, and has stopped.
    Lost(journal::Error),
}

/// What the core wants, or has to tell.
#[derive(Debug)]
pub enum Output {
    /// Work for the follower's shell.
    Follow(follow::Task),
    /// Write this, and say [`Input::Written`]. One at a time.
    Write(Box<Batch>),
    /// Readers see this from now on.
    Publish(Box<Publication>),
    /// Readers see nothing any more, and the index is emptied before the next write: it was built on a trust that was misplaced.
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
    /// Read back the block whose slice holds an offset, and say [`Input::Loaded`].
    Load {
        /// Partition.
        partition: u32,
        /// Offset.
        offset: u64,
    },
    /// Ask where the topic begins and ends and what it holds, and say [`Input::Surveyed`] if that is known.
    Survey {
        /// Partition of `transactions`.
        partition: u32,
        /// What else is asked.
        question: Question,
    },
    /// The topic has lost records: compare again what was compared below an offset, and say [`Input::Rechecked`].
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
    /// A condition of readiness: name, and reason with message if it does not hold.
    Ready(&'static str, Result<(), (&'static str, String)>),
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
}

/// A snapshot to write.
pub struct Snapshot(pub follow::snapshot::Encoded);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

/// What readers are to see.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The rules of the chain.
    pub rules: Arc<Rules>,
    /// The tip.
    pub tip: Tip,
    /// Sums.
    pub totals: Totals,
    /// Pending records, by partition.
    pub lines: Vec<Arc<Line>>,
    /// The audit, without its latest finding.
    pub audit: AuditState,
    /// Whether the index has changed since the last publication.
    pub written: bool,
}
