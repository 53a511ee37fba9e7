//! The writing side of the ledger as a plain struct: inputs in, outputs out. No IO, clock, threads or randomness.
//!
//! It follows the chain, keeps the queue of pending records, audits every block against the topic, and decides what is
//! written to the index and when readers see it:
//!
//! ```text
//!   follow inputs ──▶ blocks, refused ──┐
//!                                       ├──▶ Batch ──▶ Write … Written ──▶ Publish
//!   topic batches ─▶ queue ─▶ audit ────┘                (one at a time)
//! ```
//!
//! While a batch is being written the next one collects, so that load makes batches larger instead of later.

use std::sync::Arc;

use chain::Rules;
use engine::{Now, Signal};
use follow::partition::Mark;

use crate::model::answer::Finding;
use crate::model::{Batch, Condition, State, Trouble};

pub mod audit;
pub mod compare;
mod events;
mod input;
mod loss;
mod output;
mod partition;
pub mod queue;
mod resume;
mod writes;

pub use input::{Input, News, Role};
pub use output::{Output, Question, Snapshot};

use self::partition::Partition;
use self::resume::Resume;

/// Bytes of blocks that may wait for the index before the core asks for no more.
const BACKLOG_BYTES: usize = 8 << 20;

/// Refused candidates kept while there is no chain to list them under.
const REFUSED_BEFORE_CHAIN: usize = 10_000;

/// Interval between commits of the position, for Kafka's own tools.
const COMMIT_INTERVAL_MS: u64 = 5_000;

/// Interval between surveys of the partitions: a reader at the end does not notice that pending records are deleted.
const SURVEY_INTERVAL_MS: u64 = 5_000;

/// A snapshot of the chain's state is due after this time, if there were blocks.
const SNAPSHOT_INTERVAL_MS: u64 = 60_000;

/// A snapshot is due without a block, too, after this many refused candidates: the next start would read them all again.
const SNAPSHOT_CANDIDATES: u64 = 10_000;

/// Interval between batches that hold audit results only: many rows at once become tables.
const AUDIT_INTERVAL_MS: u64 = 100;

/// Longest time for the index to write what was taken in, once the core is to stop.
const STOP_WITHIN_MS: u64 = 5_000;

/// Settings of the core.
pub struct Settings {
    /// Settings of the follower.
    pub follow: follow::Settings,
    /// Name of the `transactions` topic as the provider has it, for messages only. `None`: an imported chain comes without
    /// that topic, so that nothing can be pending or audited.
    pub transactions: Option<String>,
}

/// The writing side of the ledger.
pub struct Core {
    follow: follow::Core,
    transactions: Option<String>,
    blockchain: String,
    rules: Option<Arc<Rules>>,
    /// The tip that the index holds and the follower has not reached yet.
    resume: Option<Resume>,
    /// State of the index once `collecting` is written.
    head: Option<State>,
    /// State of the index as written.
    written: Option<State>,
    collecting: Batch,
    writing: Writing,
    /// Candidates below this offset were in the index at the start and are not counted again.
    skip_below: u64,
    partitions: Vec<Partition>,
    /// The follower has caught up at least once.
    live: bool,
    snapshot: Snapshots,
    /// Time at which the last batch was handed out.
    flushed_ms: u64,
    /// Time of the next commit of the position.
    commit_at_ms: u64,
    /// Time of the next survey of the partitions.
    survey_at_ms: u64,
    surveys: u64,
    /// Number of findings when the last ones about a loss were added.
    lost_findings: u64,
    published_end: u64,
    /// Ready once the index has reached this offset of `blockchain`.
    ready_at: Option<u64>,
    trouble: Option<Trouble>,
    phase: Phase,
}

enum Phase {
    Running,
    /// Takes nothing new; what was taken in is written, until this deadline.
    Stopping {
        until_ms: u64,
    },
    Ended,
}

/// The write in progress.
enum Writing {
    Nothing,
    /// A batch that leaves the index in this state.
    Batch(Box<State>),
    /// A batch whose result no longer counts.
    Stale,
}

#[derive(Default)]
struct Snapshots {
    /// Time of the last snapshot; 0 before the first, since the clock starts with the core.
    last_ms: u64,
    last_height: u64,
    /// Offset up to which the last snapshot covers candidates.
    last_offset: u64,
    /// A snapshot that waits until the index has reached this offset.
    waiting: Option<(u64, follow::snapshot::Encoded)>,
}

impl Core {
    /// Creates a core that resumes from the index (`state`, with the rules of its chain) and the snapshot.
    pub fn new(
        settings: Settings,
        index: Option<(State, Arc<Rules>)>,
        snapshot: Option<follow::Snapshot>,
    ) -> Core {
        // A snapshot beyond the index would leave a gap in it.
        let reach = index.as_ref().map(|(state, _)| state.tip.height);
        let snapshot = snapshot
            .filter(|snapshot| reach.is_some_and(|reach| snapshot.chain.tip().height() <= reach));
        let last_offset = snapshot.as_ref().map_or(0, |snapshot| snapshot.next_offset);
        let snapshot_height = snapshot
            .as_ref()
            .map(|snapshot| (snapshot.chain.tip().height(), snapshot.chain.tip().hash));
        let (state, rules) = index.unzip();
        let blockchain = settings.follow.topic.clone();
        let mut core = Core {
            follow: follow::Core::new(settings.follow, snapshot),
            transactions: settings.transactions,
            blockchain,
            rules,
            resume: state.as_ref().map(Resume::new),
            partitions: state
                .iter()
                .flat_map(|state| &state.audited)
                .map(|audited| Partition::new(*audited))
                .collect(),
            skip_below: state.as_ref().map_or(0, |state| state.applied_offset),
            head: state.clone(),
            written: state,
            collecting: Batch::default(),
            writing: Writing::Nothing,
            live: false,
            snapshot: Snapshots {
                last_height: snapshot_height.map_or(0, |(height, _)| height),
                last_offset,
                ..Snapshots::default()
            },
            flushed_ms: 0,
            commit_at_ms: 0,
            survey_at_ms: 0,
            surveys: 0,
            lost_findings: 0,
            published_end: 0,
            ready_at: None,
            trouble: None,
            phase: Phase::Running,
        };
        if let (Some((height, hash)), Some(resume)) = (snapshot_height, &core.resume)
            && resume.height == height
            && resume.hash == hash
        {
            core.resume = None;
        }
        core
    }

    /// The follower's lag, for progress messages.
    pub fn lag(&self) -> follow::Lag {
        self.follow.lag()
    }

    /// Height of the follower's tip.
    pub fn height(&self) -> Option<u64> {
        self.follow.chain().map(|chain| chain.tip().height())
    }

    /// The final snapshot, if the index holds its tip: it does when nothing waits to be written.
    fn last_snapshot(&self) -> Option<Snapshot> {
        let height = self.height()?;
        let covered = self.resume.is_none()
            && self
                .written
                .as_ref()
                .is_some_and(|state| state.tip.height == height);
        self.follow.snapshot().filter(|_| covered).map(Snapshot)
    }

    /// True if everything that was taken in is in the index.
    pub fn is_settled(&self) -> bool {
        let nothing = self.collecting.is_empty() || self.head.is_none();
        matches!(self.writing, Writing::Nothing) && nothing
    }

    /// Publishes the index as it is and starts the follower.
    fn start(&mut self, now: Now, out: &mut Vec<Output>) {
        out.push(Output::Ready(
            Condition::Chain,
            self.rules.as_ref().map(|_| ()).ok_or(Trouble::NoChain),
        ));
        out.push(Output::Ready(
            Condition::CaughtUp,
            Err(Trouble::CatchingUp("reading the journal".into())),
        ));
        self.publish(true, out);
        self.follow(now, Signal::Start.into(), out);
    }

    fn take(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Signal(Signal::Start) => self.start(now, out),
            Input::Signal(Signal::Wake) => {}
            Input::Signal(Signal::Stop) => self.stop(now.elapsed_ms),
            Input::Follow(input) => self.follow(now, input, out),
            Input::Topic {
                partition,
                role,
                generation,
                news,
            } => self.topic(partition, role, generation, news, out),
            Input::Written => self.acknowledged(out),
            Input::Loaded { partition, subject } => {
                if let Some(partition) = self.partitions.get_mut(partition as usize) {
                    partition.audit.loaded(subject);
                }
            }
            Input::Surveyed {
                partition,
                offsets,
                compared,
            } => self.surveyed(now.elapsed_ms, partition, offsets, compared, out),
            Input::Rechecked {
                partition,
                findings,
            } => self.rechecked(partition, findings, out),
        }
    }

    fn fail(&mut self, fatal: follow::Fatal, out: &mut Vec<Output>) {
        self.phase = Phase::Ended;
        if let follow::Fatal::DataLoss(loss) = &fatal {
            let trouble = Trouble::DataLoss(loss.to_string());
            out.push(Output::Ready(Condition::Log, Err(trouble)));
        }
        out.push(Output::Fatal(fatal));
    }

    fn stop(&mut self, now_ms: u64) {
        self.phase = Phase::Stopping {
            until_ms: now_ms + STOP_WITHIN_MS,
        };
        // The final snapshot covers it.
        self.snapshot.waiting = None;
    }

    /// Ends once everything that was taken in is in the index, or at the deadline.
    fn finish(&mut self, now_ms: u64, until_ms: u64, out: &mut Vec<Output>) {
        // Batches are no longer held back.
        self.flush(now_ms, out);
        if !self.is_settled() && now_ms < until_ms {
            return;
        }
        out.extend(self.last_snapshot().map(Output::Snapshot));
        out.push(Output::Ended);
        self.phase = Phase::Ended;
    }

    /// Does the work that is due.
    fn keep_time(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if let Some(state) = self
            .written
            .as_ref()
            .filter(|_| now_ms >= self.commit_at_ms)
        {
            self.commit_at_ms = now_ms + COMMIT_INTERVAL_MS;
            out.push(Output::Commit {
                applied_offset: state.applied_offset,
            });
        }
        for (number, partition) in (0..).zip(&mut self.partitions) {
            partition.retry(number, now_ms, out);
        }
        if self.surveys() && now_ms >= self.survey_at_ms {
            self.survey_at_ms = now_ms + SURVEY_INTERVAL_MS;
            self.surveys += 1;
            for (number, partition) in (0..).zip(&mut self.partitions) {
                out.push(Output::Survey {
                    partition: number,
                    question: partition.question(self.surveys),
                });
            }
            self.recheck(out);
        }
        self.snapshot(now_ms, out);
    }

    /// True if the partitions are surveyed.
    fn surveys(&self) -> bool {
        self.live && self.transactions.is_some()
    }

    fn topic(
        &mut self,
        number: u32,
        role: Role,
        generation: u64,
        news: News,
        out: &mut Vec<Output>,
    ) {
        let Some(partition) = self.partitions.get_mut(number as usize) else {
            return;
        };
        let Some(transactions) = &self.transactions else {
            return;
        };
        let learned = partition.news(role, generation, news, number, transactions, out);
        for record in learned.iter().filter(|record| record.id.is_some()) {
            self.follow.learn(record.hash);
        }
        self.report_trouble(out);
        if role == Role::Live {
            self.publish(false, out);
        }
    }

    fn surveyed(
        &mut self,
        now_ms: u64,
        number: u32,
        offsets: journal::Offsets,
        compared: Option<(Mark, bool)>,
        out: &mut Vec<Output>,
    ) {
        // A chain that is behind has cursors that are behind.
        let caught_up = self.follow.caught_up();
        let Some(partition) = self.partitions.get_mut(number as usize) else {
            return;
        };
        let Some(transactions) = &self.transactions else {
            return;
        };
        let mut news =
            partition.surveyed(now_ms, offsets.start, caught_up, number, transactions, out);
        if let Some((mark, holds)) = compared {
            news |= partition.compared(mark, holds, offsets.end, number, transactions, out);
        }
        if news {
            self.report_trouble(out);
            self.publish(false, out);
        }
    }

    fn report_trouble(&mut self, out: &mut Vec<Output>) {
        let trouble = self.partitions.iter().find_map(Partition::trouble).cloned();
        if trouble != self.trouble {
            self.trouble = trouble.clone();
            out.push(Output::Ready(
                Condition::Transactions,
                trouble.map_or(Ok(()), Err),
            ));
        }
    }

    /// Continues the audit as far as it can.
    fn audit(&mut self, out: &mut Vec<Output>) {
        if self.transactions.is_none() {
            return;
        }
        let (Some(rules), Some(head), None) = (&self.rules, &mut self.head, &self.resume) else {
            return;
        };
        let cursors = self
            .written
            .as_ref()
            .map(|state| state.cursors.as_slice())
            .unwrap_or_default();
        let before = self.collecting.audited.len();
        for (number, partition) in (0..).zip(&mut self.partitions) {
            let cursor = cursors.get(number as usize).copied().unwrap_or(0);
            let compared =
                partition.audit(number, cursor, self.live, rules, &mut head.findings, out);
            self.collecting.audited.extend(compared);
        }
        let found: Vec<Finding> = self.collecting.audited[before..]
            .iter()
            .flat_map(|audited| audited.findings.clone())
            .collect();
        if !found.is_empty() {
            out.push(Output::Found(found));
        }
        if self.collecting.audited.len() > before || head.checked_height.is_none() {
            let checked = checked_height(&self.partitions, head);
            head.checked_height = head.checked_height.max(checked);
        }
    }
}

impl engine::Core for Core {
    type Input = Input;
    type Output = Output;

    fn step(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        let now_ms = now.elapsed_ms;
        match self.phase {
            Phase::Ended => return,
            Phase::Stopping { .. } => {
                if let Input::Written = input {
                    self.acknowledged(out);
                }
            }
            Phase::Running => self.take(now, input, out),
        }
        match self.phase {
            Phase::Ended => {}
            Phase::Stopping { until_ms } => self.finish(now_ms, until_ms, out),
            Phase::Running => {
                self.audit(out);
                self.keep_time(now_ms, out);
                if now_ms >= self.flush_at_ms() {
                    self.flush(now_ms, out);
                }
            }
        }
    }

    fn wake_ms(&self) -> Option<u64> {
        let commit = self.written.as_ref().map(|_| self.commit_at_ms);
        let survey = self.surveys().then_some(self.survey_at_ms);
        let snapshot = self.snapshot_at_ms();
        let flush = self.has_batch().then(|| self.flush_at_ms());
        match self.phase {
            Phase::Ended => None,
            Phase::Stopping { until_ms } => Some(until_ms),
            Phase::Running => [commit, survey, snapshot, flush]
                .into_iter()
                .chain(self.partitions.iter().map(Partition::retry_at_ms))
                .flatten()
                .min(),
        }
    }

    /// True if the follower's inputs must wait until something has been written.
    fn is_full(&self) -> bool {
        self.collecting.bytes() >= BACKLOG_BYTES || !matches!(self.phase, Phase::Running)
    }
}

/// Every block up to this height has been compared: all below the first that has not.
fn checked_height(partitions: &[Partition], head: &State) -> Option<u64> {
    let behind = partitions
        .iter()
        .zip(&head.cursors)
        .filter(|(partition, cursor)| partition.audit.audited() < **cursor);
    let next = behind.map(|(partition, _)| partition.audit.next_height());
    match next.min_by_key(|height| height.unwrap_or(0)) {
        None => Some(head.tip.height),
        Some(next) => next?.checked_sub(1),
    }
}
