//! The threads around the core: they turn events into inputs, and perform outputs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use chain::Rules;
use crossbeam_channel::{Sender, unbounded};
use engine::{Cadence, Clock, Engine};
use follow::Feed;
use journal::{Journal, Tail};
use kit::Shutdown;

use crate::core::{Core, Input, Output, Role};
use crate::index::{Error, Index, Publisher};
use crate::metrics::Metrics;
use crate::readiness::Conditions;

mod committer;
mod progress;
mod topic;
mod traces;
mod worker;

use committer::{Committer, Job};
use progress::Progress;
use topic::Checker;
use traces::Traces;
use worker::{Task, Worker};

/// Most inputs taken at once: a batch of blocks costs one write.
const BURST: usize = 256;

/// The parts of a shell.
pub(crate) struct Parts {
    pub(crate) core: Core,
    pub(crate) rules: Arc<Rules>,
    pub(crate) index: Index,
    pub(crate) journal: Journal,
    pub(crate) data: PathBuf,
    pub(crate) conditions: Conditions,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
}

/// An end of the shell that is not a failure.
pub(crate) enum End {
    /// The service asked for it.
    Stopped,
    /// The index takes no more writes until it is reopened; its readers keep what they see until then.
    Halted {
        /// Still shows the index to its readers.
        publisher: Box<Publisher>,
        /// The failure of the index.
        why: Error,
    },
}

/// The cause for leaving the loop.
pub(crate) enum Cause {
    /// The core has finished.
    Ended,
    /// The core gave up.
    Fatal(follow::Fatal),
    /// The index failed.
    Index(Error),
}

/// The shell; dropping it stops all its parts.
pub(crate) struct Shell {
    sender: Sender<Input>,
    feed: Feed,
    tails: BTreeMap<(u32, u8), Tail>,
    checker: Checker,
    journal: Journal,
    data: PathBuf,
    publisher: Publisher,
    committer: Committer,
    worker: Worker,
    conditions: Conditions,
    metrics: Metrics,
    shutdown: Shutdown,
    progress: Progress,
    traces: Traces,
}

impl Shell {
    /// Runs the core until the service is to stop, or the core or the index gives up.
    pub(crate) fn run(parts: Parts) -> anyhow::Result<End> {
        let (sender, inputs) = unbounded();
        let (to_core, follow) = unbounded();
        let feed = Feed::start(&parts.journal, move |input| {
            // Sending fails only when the core's thread is gone.
            let _ = to_core.send(Input::Follow(input));
        });
        let Index {
            writer, publisher, ..
        } = parts.index;
        let reader = publisher.reader();
        let traces = Traces::new(&parts.journal);
        let mut shell = Shell {
            feed,
            tails: BTreeMap::new(),
            checker: Checker::start(parts.rules)?,
            committer: Committer::start(
                writer,
                sender.clone(),
                traces.clone(),
                parts.metrics.clone(),
            )?,
            worker: Worker::start(
                parts.journal.clone(),
                parts.data.clone(),
                reader,
                sender.clone(),
            )?,
            journal: parts.journal,
            data: parts.data,
            publisher,
            sender,
            conditions: parts.conditions,
            metrics: parts.metrics,
            shutdown: parts.shutdown,
            progress: Progress::default(),
            traces,
        };
        let stopped = shell.shutdown.clone();
        // Outputs are performed at once: the next inputs wait for their effects.
        let engine = Engine::new(parts.core, Clock::start(), inputs, Cadence::EachStep(BURST))
            .with_second_queue(follow);
        match engine.run(&mut shell, &|| stopped.is_cancelled()) {
            Cause::Ended => shell.finish(),
            Cause::Fatal(fatal) => Err(fatal.into()),
            Cause::Index(error) => shell.give_up(error),
        }
    }

    /// Ends as requested: both threads finish their queued work.
    fn finish(mut self) -> anyhow::Result<End> {
        let finished = self.committer.finish();
        self.worker.finish();
        match finished.map_err(anyhow::Error::downcast) {
            Ok(()) => Ok(End::Stopped),
            Err(Ok(error)) => self.give_up(error),
            Err(Err(panicked)) => Err(panicked),
        }
    }

    /// Ends because of the index.
    fn give_up(self, error: Error) -> anyhow::Result<End> {
        if error.is_passing() && self.shutdown.is_cancelled() {
            tracing::warn!("{error}: the rest is read again at the next start");
            return Ok(End::Stopped);
        }
        if error.is_passing() {
            return Ok(End::Halted {
                publisher: Box::new(self.publisher),
                why: error,
            });
        }
        if error.is_corruption() {
            Index::condemn(&self.data, &error);
        }
        Err(error.into())
    }

    /// Reads a partition, in place of the role's previous reader.
    fn read(&mut self, partition: u32, role: Role, generation: u64, from: u64) {
        let tail = topic::read(
            &self.journal,
            &self.checker,
            &self.sender,
            partition,
            role,
            generation,
            from,
        );
        // The old reader ends first: two of one role would hold two windows.
        drop(self.tails.remove(&key(partition, role)));
        self.tails.insert(key(partition, role), tail);
    }
}

impl engine::Shell<Core> for Shell {
    type End = Cause;

    fn perform(&mut self, out: &mut Vec<Output>, _: &mut Vec<Input>) -> ControlFlow<Cause> {
        for output in out.drain(..) {
            match output {
                Output::Follow(task) => self.feed.perform(task),
                Output::Write(batch) => {
                    self.metrics.writing(&batch);
                    self.committer.send(Job::Write(batch));
                }
                Output::Publish(publication) => {
                    self.metrics.published(&publication);
                    let written = publication.written;
                    self.publisher.publish(*publication);
                    if written {
                        self.traces.visible();
                    }
                }
                Output::Withdraw => {
                    self.publisher.withdraw();
                    self.committer.send(Job::Clear);
                }
                Output::Read {
                    partition,
                    role,
                    generation,
                    from,
                } => self.read(partition, role, generation, from),
                Output::Stop { partition, role } => drop(self.tails.remove(&key(partition, role))),
                Output::Load { partition, offset } => {
                    self.worker.send(Task::Load { partition, offset })
                }
                Output::Survey {
                    partition,
                    question,
                } => self.worker.send(Task::Survey {
                    partition,
                    question,
                }),
                Output::Recheck { partition, below } => {
                    self.worker.send(Task::Recheck { partition, below });
                }
                Output::Snapshot(snapshot) => self
                    .committer
                    .send(Job::Persist(Box::new(self.worker.keeper(snapshot)))),
                Output::Commit { applied_offset } => {
                    self.worker.send(Task::Commit { applied_offset })
                }
                Output::Ready(condition, state) => self.conditions.report(condition, state),
                Output::Stopped { version } => tracing::error!(
                    "the chain has moved to version {version}, which this software does not know: update it; the blocks before are served"
                ),
                Output::Refused(refused) => progress::log_refused(&refused),
                Output::Found(findings) => findings.iter().for_each(progress::log_finding),
                Output::Fatal(fatal) => return ControlFlow::Break(Cause::Fatal(fatal)),
                Output::Ended => return ControlFlow::Break(Cause::Ended),
            }
        }
        ControlFlow::Continue(())
    }

    fn after_burst(&mut self, core: &Core) -> ControlFlow<Cause> {
        if let Some(error) = self.committer.failed().or_else(|| self.publisher.alarm()) {
            return ControlFlow::Break(Cause::Index(error));
        }
        self.progress.log(core);
        ControlFlow::Continue(())
    }
}

fn key(partition: u32, role: Role) -> (u32, u8) {
    (partition, role as u8)
}
