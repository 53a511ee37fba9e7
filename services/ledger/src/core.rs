//! The writing side of the ledger as a plain struct: inputs in, outputs out. No IO, clock, threads or randomness.
//!
//! It follows the chain, keeps the queue of pending records, audits every block against the topic, and decides what is
//! written to the index and when readers see it:
//!
//! ```text
//!   follow inputs ──▶ blocks, refused ──┐
//!                                       ├──▶ Batch ──▶ Write … Written ──▶ Publish
//!   topic facts ──▶ queue ──▶ audit ────┘                (one at a time)
//! ```
//!
//! While a batch is being written the next one collects, so that load makes batches larger instead of later.

use std::sync::Arc;

use chain::{Rules, Tip};
use follow::{Event, Refused};

use crate::store::answer::{Audit as AuditState, Finding, Totals};
use crate::store::rows::State;
use crate::store::write::{Applied, Batch};

pub mod audit;
pub mod compare;
pub mod fact;
mod partition;
pub mod queue;
mod resume;

use self::compare::Subject;
use self::fact::Facts;
use self::partition::Partition;
use self::queue::Line;
use self::resume::Resume;

/// Bytes of blocks that may wait for the index before the core asks for no more.
const BACKLOG_BYTES: usize = 32 << 20;

/// Refused candidates kept while there is no chain to list them under.
const REFUSED_BEFORE_CHAIN: usize = 10_000;

/// Between two commits of the position, for Kafka's own tools.
const COMMIT_INTERVAL_MS: u64 = 5_000;

/// Between two tries of a partition that cannot be read on.
const RETRY_INTERVAL_MS: u64 = 5_000;

/// A snapshot of the chain's state is due after this time, if there were blocks.
const SNAPSHOT_INTERVAL_MS: u64 = 60_000;

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
    /// Keep this over a restart. The index holds the block that it ends with.
    Snapshot(Snapshot),
    /// A position for Kafka's own tools.
    Commit {
        /// Everything on `blockchain` below is in the index.
        applied_offset: u64,
    },
    /// A condition of readiness: name, and reason with message if it does not hold.
    Ready(&'static str, Result<(), (&'static str, String)>),
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

/// What the core needs to be told.
pub struct Settings {
    /// For the follower.
    pub follow: follow::Settings,
    /// Name of the `transactions` topic as the provider has it; for messages only.
    pub transactions: String,
}

/// The writing side of the ledger.
pub struct Core {
    follow: follow::Core,
    transactions: String,
    blockchain: String,
    rules: Option<Arc<Rules>>,
    /// The index is ahead of the follower up to here.
    resume: Option<Resume>,
    /// Where the index will stand when `collecting` is written.
    head: Option<State>,
    /// Where it stands.
    written: Option<State>,
    collecting: Batch,
    writing: Writing,
    /// What the index holds of `blockchain` since the start: not to be counted again.
    skip_below: u64,
    partitions: Vec<Partition>,
    /// The follower has caught up at least once.
    live: bool,
    snapshot: Snapshots,
    committed_ms: u64,
    published_end: u64,
    trouble: Option<partition::Trouble>,
    failed: bool,
}

/// What is on its way to the index.
enum Writing {
    Nothing,
    /// A batch that ends here.
    Batch(Box<State>),
    /// A batch that does not count any more.
    Stale,
}

#[derive(Default)]
struct Snapshots {
    last_ms: u64,
    last_height: u64,
    /// Taken, and not yet covered by the index.
    waiting: Option<(u64, follow::snapshot::Encoded)>,
}

impl Core {
    /// A core that goes on where the index (`state`, with the rules of its chain) and the snapshot stand.
    pub fn new(
        settings: Settings,
        index: Option<(State, Arc<Rules>)>,
        snapshot: Option<follow::Snapshot>,
    ) -> Core {
        // A snapshot beyond the index would leave a gap in it.
        let reach = index.as_ref().map(|(state, _)| state.tip.height);
        let snapshot = snapshot
            .filter(|snapshot| reach.is_some_and(|reach| snapshot.chain.tip().height <= reach));
        let snapshot_height = snapshot
            .as_ref()
            .map(|snapshot| (snapshot.chain.tip().height, snapshot.chain.tip().hash));
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
                ..Snapshots::default()
            },
            committed_ms: 0,
            published_end: 0,
            trouble: None,
            failed: false,
        };
        if let (Some((height, hash)), Some(resume)) = (snapshot_height, &core.resume)
            && resume.height == height
            && resume.hash == hash
        {
            core.resume = None;
        }
        core
    }

    /// What is to be done before the first input: readers see the index as it is.
    pub fn start(&mut self, out: &mut Vec<Output>) {
        out.push(Output::Ready(
            "chain",
            self.rules.as_ref().map(|_| ()).ok_or_else(no_chain),
        ));
        out.push(Output::Ready(
            "caught_up",
            Err(("CATCHING_UP", "reading the log".into())),
        ));
        self.publish(true, out);
    }

    /// Whether the follower's inputs should wait until something has been written.
    pub fn is_full(&self) -> bool {
        self.collecting.bytes() >= BACKLOG_BYTES
    }

    /// The follower's lag and whether it has caught up: for progress messages.
    pub fn lag(&self) -> follow::Lag {
        self.follow.lag()
    }

    /// Height of the follower's tip.
    pub fn height(&self) -> Option<u64> {
        self.follow.chain().map(|chain| chain.tip().height)
    }

    /// The state to keep at the end, if the index holds its tip: when nothing waits to be written.
    pub fn last_snapshot(&self) -> Option<follow::snapshot::Encoded> {
        let height = self.height()?;
        let covered = self.resume.is_none()
            && self
                .written
                .as_ref()
                .is_some_and(|state| state.tip.height == height);
        self.follow.snapshot().filter(|_| covered)
    }

    /// Whether everything that was taken in is in the index.
    pub fn is_settled(&self) -> bool {
        matches!(self.writing, Writing::Nothing) && self.collecting.is_empty()
    }

    /// Takes one input at a time; appends what comes of it.
    pub fn step(&mut self, now_ms: u64, input: Input, out: &mut Vec<Output>) {
        if self.failed {
            return;
        }
        match input {
            Input::Follow(input) => self.follow(now_ms, input, out),
            Input::Topic {
                partition,
                lane,
                generation,
                news,
            } => self.topic(partition, lane, generation, news, out),
            Input::Written => self.acknowledged(out),
            Input::Loaded { partition, subject } => {
                if let Some(partition) = self.partitions.get_mut(partition as usize) {
                    partition.audit.loaded(subject);
                }
            }
            Input::Tick => self.tick(now_ms, out),
        }
        if !self.failed {
            self.audit(out);
            self.flush(out);
        }
    }

    fn follow(&mut self, now_ms: u64, input: follow::Input, out: &mut Vec<Output>) {
        let mut told = Vec::new();
        self.follow.step(now_ms, input, &mut told);
        for output in told {
            match output {
                follow::Output::Task(task) => out.push(Output::Follow(task)),
                follow::Output::Event(event) => self.event(now_ms, event, out),
            }
            if self.failed {
                return;
            }
        }
        self.note_head();
        let end = self.follow.lag().end;
        if end != self.published_end && self.live && self.is_settled() {
            self.publish(false, out);
        }
    }

    fn event(&mut self, now_ms: u64, event: Event, out: &mut Vec<Output>) {
        match event {
            Event::Accepted {
                accepted, offset, ..
            } => self.accepted(
                Applied {
                    accepted,
                    topic_offset: offset,
                },
                out,
            ),
            Event::Refused(refused) => self.refused(refused),
            Event::CaughtUp(_) => self.caught_up(now_ms, out),
            Event::Behind(lag) => {
                let message = format!("{} records of {} to go", lag.records(), self.blockchain);
                out.push(Output::Ready("caught_up", Err(("CATCHING_UP", message))));
            }
            Event::Unavailable(why) => {
                out.push(Output::Ready("log", Err(("LOG_UNAVAILABLE", why))))
            }
            Event::Available => out.push(Output::Ready("log", Ok(()))),
            Event::Stopped { version } => {
                let message = format!(
                    "the chain has moved to version {version}, which this software does not know: update it; what lies below is served"
                );
                out.push(Output::Ready("version", Err(("STOPPED", message))));
            }
            Event::Restarted => self.restarted(out),
            Event::Fatal(fatal) => self.fail(fatal, out),
        }
    }

    fn accepted(&mut self, applied: Applied, out: &mut Vec<Output>) {
        let accepted = &applied.accepted;
        if let Some(resume) = &self.resume {
            match resume.meets(accepted.height, &accepted.hash) {
                resume::Meeting::Below => {}
                resume::Meeting::Same => self.resume = None,
                resume::Meeting::Other => {
                    let loss =
                        resume.contradicted(&self.blockchain, applied.topic_offset, &accepted.hash);
                    self.fail(loss, out);
                }
            }
            return;
        }
        if self.head.is_none() {
            self.begin(out);
        }
        let verdicts = accepted.block.verdicts();
        let included = verdicts
            .iter()
            .filter(|verdict| **verdict == chain::Verdict::Included)
            .count() as u64;
        if let Some(head) = &mut self.head {
            head.included += included;
            head.rejected += verdicts.len() as u64 - included;
        }
        if accepted.height > 0
            && let Some(partition) = self
                .partitions
                .get_mut(accepted.block.header().partition as usize)
        {
            partition.audit.block(accepted);
        }
        self.collecting.blocks.push(applied);
    }

    /// The first block.
    fn begin(&mut self, out: &mut Vec<Output>) {
        let chain = self.follow.chain().expect("a block was accepted");
        self.rules = Some(chain.rules().clone());
        let partitions = chain.cursors().len();
        self.partitions = (0..partitions).map(|_| Partition::new(0)).collect();
        self.head = Some(State {
            tip: chain.tip().header,
            usable: false,
            applied_offset: 0,
            accounts: 0,
            included: 0,
            rejected: 0,
            supply: 0,
            miners: Vec::new(),
            cursors: Vec::new(),
            audited: vec![0; partitions],
            checked_height: None,
            findings: 0,
        });
        out.push(Output::Ready("chain", Ok(())));
    }

    fn refused(&mut self, refused: Refused) {
        if refused.offset < self.skip_below {
            return;
        }
        self.collecting.refused.push(refused);
        if self.head.is_none() && self.collecting.refused.len() > REFUSED_BEFORE_CHAIN {
            self.collecting.refused.remove(0);
        }
    }

    /// Notes where the index will stand after what has been collected.
    fn note_head(&mut self) {
        let (Some(head), Some(chain), None) = (&mut self.head, self.follow.chain(), &self.resume)
        else {
            return;
        };
        head.tip = chain.tip().header;
        head.usable = self.follow.usable();
        head.applied_offset = self.follow.next_offset().max(self.skip_below);
        head.accounts = u64::from(chain.accounts());
        // The sum of allocations and rewards: far from the limits of an i64 for any chain that can be made.
        head.supply = chain.supply().clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        head.miners = chain.miners().to_vec();
        head.cursors = chain.cursors().to_vec();
    }

    fn caught_up(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if let Some(resume) = &self.resume {
            let end = self.follow.lag().end;
            let loss = resume.truncated(&self.blockchain, end);
            return self.fail(loss, out);
        }
        if self.snapshot.last_ms == 0 {
            self.snapshot.last_ms = now_ms;
        }
        self.live = true;
        out.push(Output::Ready("log", Ok(())));
        out.push(Output::Ready("caught_up", Ok(())));
    }

    fn restarted(&mut self, out: &mut Vec<Output>) {
        for (number, partition) in (0..).zip(&mut self.partitions) {
            partition.stop(number, out);
        }
        self.partitions.clear();
        (self.resume, self.head, self.written) = (None, None, None);
        self.collecting = Batch::default();
        self.snapshot = Snapshots::default();
        self.live = false;
        self.skip_below = 0;
        if let Writing::Batch(_) = self.writing {
            self.writing = Writing::Stale;
        }
        out.push(Output::Withdraw);
    }

    fn fail(&mut self, fatal: follow::Fatal, out: &mut Vec<Output>) {
        self.failed = true;
        if let follow::Fatal::DataLoss(loss) = &fatal {
            out.push(Output::Ready("log", Err(("DATA_LOSS", loss.to_string()))));
        }
        out.push(Output::Fatal(fatal));
    }

    /// Sends what has been collected to the index, unless something is on its way already.
    fn flush(&mut self, out: &mut Vec<Output>) {
        let (Writing::Nothing, Some(head)) = (&self.writing, &mut self.head) else {
            return;
        };
        if self.collecting.is_empty() {
            return;
        }
        for (audited, partition) in head.audited.iter_mut().zip(&self.partitions) {
            *audited = partition.audit.audited();
        }
        let mut batch = std::mem::take(&mut self.collecting);
        batch.state = Some(head.clone());
        self.writing = Writing::Batch(Box::new(head.clone()));
        out.push(Output::Write(Box::new(batch)));
    }

    fn acknowledged(&mut self, out: &mut Vec<Output>) {
        let Writing::Batch(state) = std::mem::replace(&mut self.writing, Writing::Nothing) else {
            return;
        };
        self.written = Some(*state);
        self.publish(true, out);
        let height = self.written.as_ref().map_or(0, |state| state.tip.height);
        if self
            .snapshot
            .waiting
            .as_ref()
            .is_some_and(|(needed, _)| *needed <= height)
            && let Some((_, encoded)) = self.snapshot.waiting.take()
        {
            out.push(Output::Snapshot(Snapshot(encoded)));
        }
    }

    fn tick(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if let Some(state) = self
            .written
            .as_ref()
            .filter(|_| now_ms >= self.committed_ms + COMMIT_INTERVAL_MS)
        {
            self.committed_ms = now_ms;
            out.push(Output::Commit {
                applied_offset: state.applied_offset,
            });
        }
        for (number, partition) in (0..).zip(&mut self.partitions) {
            partition.retry(number, now_ms, out);
        }
        self.snapshot(now_ms, out);
    }

    fn snapshot(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(height) = self
            .height()
            .filter(|_| self.resume.is_none() && self.snapshot.waiting.is_none())
        else {
            return;
        };
        if now_ms < self.snapshot.last_ms + SNAPSHOT_INTERVAL_MS
            || height == self.snapshot.last_height
        {
            return;
        }
        let Some(encoded) = self.follow.snapshot() else {
            return;
        };
        (self.snapshot.last_ms, self.snapshot.last_height) = (now_ms, height);
        match self
            .written
            .as_ref()
            .is_some_and(|state| state.tip.height >= height)
        {
            true => out.push(Output::Snapshot(Snapshot(encoded))),
            false => self.snapshot.waiting = Some((height, encoded)),
        }
    }

    /// Shows readers what has been written.
    fn publish(&mut self, written: bool, out: &mut Vec<Output>) {
        let (Some(state), Some(rules)) = (
            self.written.as_ref().filter(|state| state.usable),
            &self.rules,
        ) else {
            return;
        };
        self.published_end = self.follow.lag().end.max(state.applied_offset);
        for (partition, cursor) in self.partitions.iter_mut().zip(&state.cursors) {
            partition.advance(*cursor);
        }
        let header = state.tip;
        out.push(Output::Publish(Box::new(Publication {
            rules: rules.clone(),
            tip: Tip {
                height: header.height,
                hash: header.hash(),
                header,
                timestamp_ms: header.timestamp_ms,
                log_root: header.log_root,
                log_size: header.log_size,
            },
            totals: Totals {
                accounts: state.accounts,
                included: state.included,
                rejected: state.rejected,
                supply: state.supply,
                miners: state.miners.clone(),
                applied_offset: state.applied_offset,
                end_offset: self.published_end,
            },
            lines: self.partitions.iter().map(Partition::line).collect(),
            audit: AuditState {
                checked_height: state.checked_height,
                findings: state.findings,
                latest: None,
            },
            written,
        })));
    }

    fn topic(
        &mut self,
        number: u32,
        lane: Lane,
        generation: u64,
        news: News,
        out: &mut Vec<Output>,
    ) {
        let Some(partition) = self.partitions.get_mut(number as usize) else {
            return;
        };
        let learned = partition.news(lane, generation, news, number, &self.transactions, out);
        for fact in learned.iter().filter(|fact| fact.id.is_some()) {
            self.follow.learn(fact.hash);
        }
        let trouble = self.partitions.iter().find_map(Partition::trouble).cloned();
        if trouble != self.trouble {
            self.trouble = trouble.clone();
            out.push(Output::Ready("transactions", trouble.map_or(Ok(()), Err)));
        }
        if lane == Lane::Live {
            self.publish(false, out);
        }
    }

    /// Goes on with the audit as far as it can.
    fn audit(&mut self, out: &mut Vec<Output>) {
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

fn no_chain() -> (&'static str, String) {
    ("NO_CHAIN", "there is no block 0 on the topic yet: start any service with --genesis, or run blocklog init".into())
}
