//! The threads around the core: they turn what happens into inputs, and carry outputs out.

mod clerk;
mod log;
mod sealer;
mod traces;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chain::{Genesis, Secret};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use engine::Signal;
use follow::Feed;
use journal::{Appender, Completion, Entry, Journal, LONG_GAP, Tail, TailEvent};
use kit::Shutdown;
use parallel::Rayon;
use rayon::{ThreadPool, ThreadPoolBuilder};
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

use crate::core::{Check, Core, Input, Note, Output};
use crate::metrics;
use crate::publication::Publication;
use clerk::{Clerk, Errand};
use sealer::Sealer;
use traces::Traces;

/// Longest sleep of the core's thread: how soon it sees the shutdown token at the latest.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// Shortest, when something is overdue that cannot be done yet.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// Inputs taken in one go before status and snapshot are looked at.
const BURST: usize = 256;
/// When the first snapshot is kept, and how often from then on.
const SNAPSHOT_FIRST: Duration = Duration::from_secs(5);
const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);
/// How long a block on its way may take when the miner stops.
const FLUSH: Duration = Duration::from_secs(3);
/// Records of how many full blocks are read ahead of the cursor of a partition.
const WINDOW_BLOCKS: usize = 4;
/// Most bytes of records read ahead of the cursor of a partition.
const WINDOW_BYTES: usize = 32 << 20;

/// What the shell is made of.
pub(crate) struct Parts {
    pub(crate) core: Core,
    pub(crate) journal: Journal,
    pub(crate) secret: Option<Secret>,
    pub(crate) threads: usize,
    pub(crate) window_bytes: usize,
    pub(crate) data: Option<PathBuf>,
    pub(crate) publication: Publication,
    pub(crate) shutdown: Shutdown,
}

/// The shell; everything of it stops when it is dropped.
pub(crate) struct Shell {
    core: Core,
    journal: Journal,
    inputs: Receiver<Input>,
    sender: Sender<Input>,
    feed: Feed,
    tails: BTreeMap<u32, Tail>,
    sealer: Sealer,
    checks: ThreadPool,
    appender: Appender,
    clerk: Clerk,
    keeps_snapshots: bool,
    snapshot_due: Instant,
    snapshot_offset: u64,
    window_bytes: usize,
    publication: Publication,
    shutdown: Shutdown,
    traces: Traces,
}

/// How many bytes of records of one partition are read ahead: enough for the blocks to come.
pub(crate) fn window_bytes(genesis: &Genesis) -> usize {
    (WINDOW_BLOCKS * genesis.max_block_bytes as usize).min(WINDOW_BYTES)
}

impl Shell {
    pub(crate) fn start(parts: Parts) -> anyhow::Result<Shell> {
        let (sender, inputs) = unbounded();
        let to_core = sender.clone();
        let appended = move |completions: Vec<Completion>| {
            for Completion { token, result } in completions {
                // The core's thread is gone when nobody listens.
                let _ = to_core.send(Input::Appended {
                    attempt: token,
                    result,
                });
            }
        };
        let appender = parts.journal.appender(BLOCKCHAIN, Arc::new(appended))?;
        sender.send(Input::Follow(Signal::Start.into()))?;
        let to_core = sender.clone();
        let feed = Feed::start(&parts.journal, move |input| {
            let _ = to_core.send(Input::Follow(input));
        });
        let checks = ThreadPoolBuilder::new()
            .thread_name(|n| format!("miner-check-{n}"))
            .build()?;
        Ok(Shell {
            sealer: Sealer::start(parts.threads, parts.secret, sender.clone())?,
            clerk: Clerk::start(parts.journal.clone(), parts.data.clone(), sender.clone())?,
            core: parts.core,
            traces: Traces::new(&parts.journal),
            journal: parts.journal,
            inputs,
            sender,
            feed,
            tails: BTreeMap::new(),
            checks,
            appender,
            keeps_snapshots: parts.data.is_some(),
            snapshot_due: Instant::now() + SNAPSHOT_FIRST,
            snapshot_offset: 0,
            window_bytes: parts.window_bytes,
            publication: parts.publication,
            shutdown: parts.shutdown,
        })
    }

    /// Steps the core until the service is told to stop, or the core gives up.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let mut out = Vec::new();
        let outcome = loop {
            if self.shutdown.is_cancelled() {
                break Ok(());
            }
            let Some(input) = self.next() else {
                break Ok(());
            };
            if let Err(error) = self.burst(input, &mut out) {
                break Err(error);
            }
            self.publication.update(&self.core);
            if !self.core.is_making() {
                self.traces.clear();
            }
            self.keep_snapshot(Instant::now() >= self.snapshot_due);
        };
        self.sealer.cancel();
        self.keep_snapshot(true);
        if self.appender.flush(FLUSH).is_err() {
            tracing::info!(
                "stopped with a block on its way; whether it landed shows at the next start"
            );
        }
        outcome
    }

    /// Steps the core with one input and with what waits behind it. Outputs are carried out after each step: a sealing
    /// must not outlive its tip by a whole burst.
    fn burst(&mut self, first: Input, out: &mut Vec<Output>) -> anyhow::Result<()> {
        let waiting = self.inputs.clone();
        for input in std::iter::once(first).chain(waiting.try_iter().take(BURST)) {
            self.observe(&input);
            self.core.step(now_ms(), input, out);
            self.carry_out(out)?;
        }
        Ok(())
    }

    /// What traces and metrics want to know of it.
    fn observe(&mut self, input: &Input) {
        match input {
            Input::Sealed(sealed) => {
                metrics::sealed(sealed);
                if sealed.block.is_some() {
                    self.traces.sealed(sealed.tries);
                }
            }
            Input::Appended { result, .. } => {
                metrics::appended(result);
                self.traces.appended(result);
            }
            _ => {}
        }
    }

    /// The next input, or a tick when it is time; `None` when there will be no more.
    fn next(&self) -> Option<Input> {
        let wait = self.core.wake_ms().map_or(LONGEST_WAIT, |at_ms| {
            Duration::from_millis(at_ms.saturating_sub(now_ms()))
        });
        match self
            .inputs
            .recv_timeout(wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
        {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => Some(Input::Tick),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn carry_out(&mut self, out: &mut Vec<Output>) -> anyhow::Result<()> {
        for output in out.drain(..) {
            match output {
                Output::Follow(task) => self.feed.perform(task),
                Output::Watch {
                    partition,
                    generation,
                    from,
                } => {
                    let tail = self.tail(partition, generation, from);
                    let before = self.tails.insert(partition, tail);
                    self.clerk.send(Errand::Stop(before));
                }
                Output::Unwatch { partition } => {
                    let before = self.tails.remove(&partition);
                    self.clerk.send(Errand::Stop(before));
                }
                Output::Check(check) => self.check(check),
                Output::Survey(survey) => self.clerk.send(Errand::Survey(survey)),
                Output::Seal { attempt, template } => {
                    let records = template.verdicts.len() as u32;
                    let traces = self.core.traces();
                    self.traces
                        .sealing(&template.header, records as usize, &traces);
                    self.sealer.seal(attempt, template);
                }
                Output::CancelSeal => self.sealer.cancel(),
                Output::Append {
                    attempt,
                    value,
                    headers,
                } => {
                    let entry = Entry {
                        partition: BLOCKCHAIN_PARTITION,
                        key: None,
                        value,
                        headers: self.traces.proposing(headers),
                    };
                    if let Err((_, error)) = self.appender.append(attempt, entry) {
                        let result = Err(error);
                        let _ = self.sender.send(Input::Appended { attempt, result });
                    }
                }
                Output::Commit { partition, offset } => {
                    self.clerk.send(Errand::Commit { partition, offset });
                }
                Output::Note(note) => {
                    match &note {
                        Note::Won { offset, .. } => self.traces.won(*offset),
                        Note::Lost { .. } => self.traces.lost(),
                        _ => {}
                    }
                    log::note(&note);
                }
                Output::End(end) => return Err(end.into()),
            }
        }
        Ok(())
    }

    fn tail(&self, partition: u32, generation: u64, from: u64) -> Tail {
        let to_core = self.sender.clone();
        let topic = self.traces.transactions().clone();
        Tail::spawn(
            self.journal.clone(),
            TRANSACTIONS,
            partition,
            from,
            self.window_bytes,
            LONG_GAP,
            move |event| {
                if let TailEvent::Batch(batch) = &event {
                    traces::polled(&topic, partition, batch);
                }
                let _ = to_core.send(Input::Transactions {
                    partition,
                    generation,
                    event,
                });
            },
        )
    }

    /// Signatures are checked while other blocks are being sealed: see `core/queue.rs`.
    fn check(&self, check: Check) {
        let to_core = self.sender.clone();
        self.checks.spawn_fifo(move || {
            let span = traces::evaluating(&check);
            let seed = rand::random();
            let records = chain::record::check_all(check.values, &check.rules, seed, &Rayon);
            traces::evaluated(span, &records);
            let _ = to_core.send(Input::Checked {
                partition: check.partition,
                generation: check.generation,
                offsets: check.offsets,
                records,
            });
        });
    }

    /// Has the state written, if it is time to and there is news.
    fn keep_snapshot(&mut self, due: bool) {
        if !due || !self.keeps_snapshots {
            return;
        }
        self.snapshot_due = Instant::now() + SNAPSHOT_EVERY;
        let offset = self.core.follower().next_offset();
        if offset == self.snapshot_offset {
            return;
        }
        if let Some(snapshot) = self.core.follower().snapshot() {
            self.snapshot_offset = offset;
            self.clerk.send(Errand::Keep(snapshot));
        }
    }
}

/// The time in milliseconds since the Unix epoch.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
