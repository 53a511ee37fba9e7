//! The threads around the core: they turn what happens into inputs, and carry outputs out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chain::Rules;
use crossbeam_channel::{Receiver, Sender, never, select_biased, tick, unbounded};
use engine::Signal;
use follow::Feed;
use journal::{Journal, Tail};
use kit::{Readiness, Reason, Shutdown};

use crate::core::{Core, Input, Lane, Output};
use crate::metrics;
use crate::store::{Error, Publisher, Store};

mod clerk;
mod index;
mod progress;
mod topic;
mod traces;

use clerk::{Clerk, Errand};
use index::{Index, Job};
use progress::Progress;
use topic::Checker;
use traces::Traces;

/// How often the core is told that time passes, and how soon the shutdown token is seen at the latest.
const TICK: Duration = Duration::from_millis(100);

/// How long the index may take to settle at the end.
const SETTLE: Duration = Duration::from_secs(5);

/// Inputs taken in one go: a batch of blocks costs one write.
const BURST: usize = 256;

/// What the shell is made of.
pub(crate) struct Parts {
    pub(crate) core: Core,
    pub(crate) rules: Arc<Rules>,
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) data: PathBuf,
    pub(crate) readiness: Readiness,
    pub(crate) shutdown: Shutdown,
}

/// How a shell ended that did not fail.
pub(crate) enum End {
    /// It was told to.
    Told,
    /// The index takes no more writes until it is opened anew; its readers keep what they see until then.
    Halted {
        /// Who shows it to them.
        publisher: Box<Publisher>,
        /// What happened.
        why: Error,
    },
}

/// The shell; everything of it stops when it is dropped.
pub(crate) struct Shell {
    core: Core,
    /// The follower's inputs wait here while the core is full.
    follow: Receiver<follow::Input>,
    inputs: Receiver<Input>,
    sender: Sender<Input>,
    feed: Feed,
    tails: BTreeMap<(u32, u8), Tail>,
    checker: Checker,
    journal: Journal,
    data: PathBuf,
    publisher: Publisher,
    index: Index,
    clerk: Clerk,
    readiness: Readiness,
    shutdown: Shutdown,
    progress: Progress,
    traces: Traces,
}

impl Shell {
    pub(crate) fn start(parts: Parts) -> anyhow::Result<Shell> {
        let (sender, inputs) = unbounded();
        let (to_core, follow) = unbounded();
        to_core.send(Signal::Start.into())?;
        let feed = Feed::start(&parts.journal, move |input| {
            // The core's thread is gone when nobody listens.
            let _ = to_core.send(input);
        });
        let Store {
            writer, publisher, ..
        } = parts.store;
        let reader = publisher.reader();
        let traces = Traces::new(&parts.journal);
        Ok(Shell {
            core: parts.core,
            follow,
            inputs,
            feed,
            tails: BTreeMap::new(),
            checker: Checker::start(parts.rules)?,
            index: Index::start(writer, sender.clone(), traces.clone())?,
            clerk: Clerk::start(
                parts.journal.clone(),
                parts.data.clone(),
                reader,
                sender.clone(),
            )?,
            journal: parts.journal,
            data: parts.data,
            publisher,
            sender,
            readiness: parts.readiness,
            shutdown: parts.shutdown,
            progress: Progress::default(),
            traces,
        })
    }

    /// Steps the core until the service is told to stop, or the core gives up.
    pub(crate) fn run(mut self) -> anyhow::Result<End> {
        let mut out = Vec::new();
        self.core.start(&mut out);
        self.carry_out(&mut out)?;
        let ticks = tick(TICK);
        while !self.shutdown.is_cancelled() {
            let input = self.next(&ticks);
            self.core.step(now_ms(), input, &mut out);
            self.carry_out(&mut out)?;
            for _ in 0..BURST {
                let Some(input) = self.waiting() else { break };
                self.core.step(now_ms(), input, &mut out);
                self.carry_out(&mut out)?;
            }
            if let Some(error) = self.index.failed().or_else(|| self.publisher.alarm()) {
                return self.give_up(error);
            }
            self.progress.tell(&self.core);
        }
        self.settle().map(|()| End::Told)
    }

    /// The end for a reason of the index.
    fn give_up(self, error: Error) -> anyhow::Result<End> {
        if error.is_passing() {
            return Ok(End::Halted {
                publisher: Box::new(self.publisher),
                why: error,
            });
        }
        if error.is_corruption() {
            Store::condemn(&self.data, &error);
        }
        Err(error.into())
    }

    /// The next input. What the core waits for comes first; the follower waits while the core is full.
    fn next(&self, ticks: &Receiver<Instant>) -> Input {
        let quiet = never();
        let follow = if self.core.is_full() {
            &quiet
        } else {
            &self.follow
        };
        select_biased! {
            recv(self.inputs) -> input => input.unwrap_or(Input::Tick),
            recv(follow) -> input => input.map_or(Input::Tick, Input::Follow),
            recv(ticks) -> _ => Input::Tick,
        }
    }

    /// An input that is there already.
    fn waiting(&self) -> Option<Input> {
        waiting(&self.inputs, &self.follow, self.core.is_full())
    }

    fn carry_out(&mut self, out: &mut Vec<Output>) -> anyhow::Result<()> {
        for output in out.drain(..) {
            match output {
                Output::Follow(task) => self.feed.perform(task),
                Output::Write(batch) => {
                    metrics::writing(&batch);
                    self.index.send(Job::Write(batch));
                }
                Output::Publish(publication) => {
                    metrics::published(&publication);
                    let written = publication.written;
                    self.publisher.publish(*publication);
                    if written {
                        self.traces.visible();
                    }
                }
                Output::Withdraw => {
                    self.publisher.withdraw();
                    self.index.send(Job::Clear);
                }
                Output::Read {
                    partition,
                    lane,
                    generation,
                    from,
                } => self.read(partition, lane, generation, from),
                Output::Stop { partition, lane } => drop(self.tails.remove(&key(partition, lane))),
                Output::Load { partition, offset } => {
                    self.clerk.send(Errand::Load { partition, offset })
                }
                Output::Survey {
                    partition,
                    question,
                } => self.clerk.send(Errand::Survey {
                    partition,
                    question,
                }),
                Output::Recheck { partition, below } => {
                    self.clerk.send(Errand::Recheck { partition, below });
                }
                Output::Snapshot(snapshot) => self
                    .index
                    .send(Job::Persist(Box::new(self.clerk.keeper(snapshot)))),
                Output::Commit { applied_offset } => {
                    self.clerk.send(Errand::Commit { applied_offset })
                }
                Output::Ready(condition, state) => {
                    progress::tell_state(condition, &state);
                    let state = state.map_err(|(reason, message)| Reason(reason).because(message));
                    self.readiness.condition(condition).set(state);
                }
                Output::Stopped { version } => tracing::error!(
                    "the chain has moved to version {version}, which this software does not know: update it; what lies below is served"
                ),
                Output::Refused(refused) => progress::tell_refused(&refused),
                Output::Found(findings) => findings.iter().for_each(progress::tell_finding),
                Output::Fatal(fatal) => return Err(fatal.into()),
            }
        }
        Ok(())
    }

    /// Reads a partition, in place of any reader before of that lane.
    fn read(&mut self, partition: u32, lane: Lane, generation: u64, from: u64) {
        let tail = topic::read(
            &self.journal,
            &self.checker,
            &self.sender,
            partition,
            lane,
            generation,
            from,
        );
        // The old reader ends first: two of one lane would hold two windows.
        drop(self.tails.remove(&key(partition, lane)));
        self.tails.insert(key(partition, lane), tail);
    }

    /// The end: what has been taken in gets into the index, and the snapshot says so.
    fn settle(mut self) -> anyhow::Result<()> {
        let mut out = Vec::new();
        let deadline = Instant::now() + SETTLE;
        loop {
            // Nothing may wait any longer.
            self.core.flush(&mut out);
            out.retain(|output| matches!(output, Output::Write(_)));
            self.carry_out(&mut out)?;
            if self.core.is_settled() {
                break;
            }
            match self.inputs.recv_deadline(deadline) {
                Ok(input @ Input::Written) => self.core.step(now_ms(), input, &mut out),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if let Some(snapshot) = self.core.last_snapshot() {
            self.index.send(Job::Persist(Box::new(
                self.clerk.keeper(crate::core::Snapshot(snapshot)),
            )));
        }
        // Both end when they have done what they were sent.
        let finished = self.index.finish();
        self.clerk.finish();
        match finished {
            Err(error) if error.downcast_ref().is_some_and(Error::is_passing) => {
                tracing::warn!("{error}: what it lacks is read again at the next start");
                Ok(())
            }
            finished => finished,
        }
    }
}

/// The next of what waits. What is taken must reach the core, which counts on every input: while it is full, those of the
/// follower are left where they are.
fn waiting(
    inputs: &Receiver<Input>,
    follow: &Receiver<follow::Input>,
    full: bool,
) -> Option<Input> {
    let follow = || follow.try_recv().ok().map(Input::Follow);
    let input = inputs.try_recv().ok();
    if full { input } else { input.or_else(follow) }
}

fn key(partition: u32, lane: Lane) -> (u32, u8) {
    (partition, lane as u8)
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_core_leaves_the_follower_its_inputs() {
        let (core, inputs) = unbounded();
        let (feed, follow) = unbounded();
        feed.send(follow::Input::Signal(Signal::Start))
            .expect("it is listened to");
        assert!(waiting(&inputs, &follow, true).is_none());
        core.send(Input::Tick).expect("it is listened to");
        assert!(matches!(waiting(&inputs, &follow, true), Some(Input::Tick)));
        let left = waiting(&inputs, &follow, false);
        assert!(matches!(
            left,
            Some(Input::Follow(follow::Input::Signal(Signal::Start)))
        ));
    }
}
