//! The thread for slow work.

use std::ops::Range;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, unbounded};
use follow::partition::{self, Mark};
use journal::Journal;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

use crate::core::{Input, Question, Snapshot};
use crate::index::Reader;
use crate::model::answer::Finding;
use crate::recheck;

/// The consumer group whose position Kafka's tools show, without the journal's prefix.
const GROUP: &str = "ledger";

/// Bytes of records read at once for a recheck.
const READ_BYTES: usize = 1 << 20;

/// Longest wait for an existing record.
const READ_WAIT: Duration = Duration::from_secs(5);

/// Work for the thread.
pub(super) enum Task {
    /// Read a block back.
    Load { partition: u32, offset: u64 },
    /// Ask for the ends of a partition, and whether it holds a record.
    Survey { partition: u32, question: Question },
    /// Compare again what was compared below an offset.
    Recheck { partition: u32, below: u64 },
    /// Write a snapshot.
    Keep(Snapshot),
    /// Commit a position.
    Commit { applied_offset: u64 },
}

/// Handle of the thread.
pub(super) struct Worker {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

struct Context {
    journal: Journal,
    data: PathBuf,
    reader: Reader,
    core: Sender<Input>,
}

impl Worker {
    pub(super) fn start(
        journal: Journal,
        data: PathBuf,
        reader: Reader,
        core: Sender<Input>,
    ) -> anyhow::Result<Worker> {
        let (tasks, todo) = unbounded();
        let context = Context {
            journal,
            data,
            reader,
            core,
        };
        let thread = thread::Builder::new()
            .name("ledger-worker".into())
            .spawn(move || context.work(&todo))
            .context("no thread for the worker")?;
        Ok(Worker {
            tasks: Some(tasks),
            thread: Some(thread),
        })
    }

    pub(super) fn send(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            let sent = tasks.send(task);
            debug_assert!(sent.is_ok(), "the thread lives as long as its sender");
        }
    }

    /// Returns a function that sends the snapshot.
    pub(super) fn keeper(&self, snapshot: Snapshot) -> impl FnOnce() + Send + use<> {
        let tasks = self.tasks.clone();
        move || {
            if let Some(tasks) = tasks {
                let _ = tasks.send(Task::Keep(snapshot));
            }
        }
    }

    /// Lets the thread finish its queued work, and waits for it.
    pub(super) fn finish(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the worker's thread panicked");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A partition that is read again.
struct Partition<'a> {
    journal: &'a Journal,
    number: u32,
    end: u64,
}

impl recheck::Topic for Partition<'_> {
    type Error = anyhow::Error;

    fn records(&self, offsets: Range<u64>) -> anyhow::Result<Vec<Mark>> {
        let (mut next, end) = (offsets.start, offsets.end.min(self.end));
        let mut marks = Vec::new();
        if next >= end {
            return Ok(marks);
        }
        let mut reader = self.journal.reader(TRANSACTIONS, self.number, next)?;
        while next < end {
            let batch = reader.next(READ_BYTES, READ_WAIT)?;
            anyhow::ensure!(
                batch.next > next,
                "offset {next} could not be read in {READ_WAIT:?}"
            );
            next = batch.next;
            let inside = batch.records.iter().filter(|record| record.offset < end);
            marks.extend(inside.map(Mark::of));
        }
        Ok(marks)
    }
}

impl Context {
    fn work(&self, todo: &Receiver<Task>) {
        for task in todo {
            match task {
                Task::Load { partition, offset } => self.load(partition, offset),
                Task::Survey {
                    partition,
                    question,
                } => match self.survey(partition, question) {
                    Ok(input) => drop(self.core.send(input)),
                    // The reader of the partition reports a topic that is unavailable.
                    Err(error) => tracing::debug!(partition, "not surveyed: {error}"),
                },
                Task::Recheck { partition, below } => {
                    let findings = self
                        .recheck(partition, below)
                        .inspect_err(|error| {
                            tracing::warn!(
                                partition,
                                "the topic's losses are not known yet: {error}; trying again"
                            );
                        })
                        .ok();
                    let _ = self.core.send(Input::Rechecked {
                        partition,
                        findings,
                    });
                }
                Task::Keep(snapshot) => match snapshot.0.write(&self.data) {
                    Ok(()) => tracing::debug!("snapshot written"),
                    // Only the next start takes longer.
                    Err(error) => tracing::warn!(
                        "the snapshot in {} cannot be written: {error}",
                        self.data.display()
                    ),
                },
                Task::Commit { applied_offset } => {
                    if let Err(error) = self.journal.commit_position(
                        GROUP,
                        BLOCKCHAIN,
                        BLOCKCHAIN_PARTITION,
                        applied_offset,
                    ) {
                        tracing::debug!("position not committed for display: {error}");
                    }
                }
            }
        }
    }

    fn survey(&self, partition: u32, question: Question) -> anyhow::Result<Input> {
        let mark = match (question, self.reader.view()) {
            (Question::Holds(mark), _) => Some(mark),
            (Question::HoldsCompared(below), Some(view)) => {
                recheck::last_compared(&view, partition, below)?
            }
            _ => None,
        };
        let seen = partition::look(&self.journal, partition, mark.as_ref())?;
        Ok(Input::Surveyed {
            partition,
            offsets: seen.offsets,
            compared: mark.map(|mark| (mark, seen.holds)),
        })
    }

    fn recheck(&self, partition: u32, below: u64) -> anyhow::Result<Vec<Finding>> {
        let Some(view) = self.reader.view() else {
            return Ok(Vec::new());
        };
        let offsets = self.journal.offsets(TRANSACTIONS, partition)?;
        let topic = Partition {
            journal: &self.journal,
            number: partition,
            end: offsets.end,
        };
        recheck::recheck(&view, partition, offsets.start, below, &topic)
    }

    fn load(&self, partition: u32, offset: u64) {
        let subject = self
            .reader
            .view()
            .map(|view| view.subject(partition, offset));
        let subject = match subject.transpose() {
            Ok(subject) => subject.flatten(),
            Err(error) => {
                // The audit stops here; serving is not affected.
                tracing::error!("a block cannot be read back for the audit: {error}");
                return;
            }
        };
        let _ = self.core.send(Input::Loaded { partition, subject });
    }
}
