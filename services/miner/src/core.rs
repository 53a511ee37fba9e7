//! The miner as a state machine: inputs in, outputs out. No IO, clock, threads or randomness.
//!
//! At most one block is in the making at any time ([`attempt`]): it is assembled on the tip, sealed, appended, and counts
//! only once it has been read back. Any move of the tip ends it, and the next one is assembled at once from records
//! that have been read and checked meanwhile ([`queue`]).

mod attempt;
mod choice;
mod cut;
mod ending;
mod event;
mod input;
mod lane;
mod output;
mod proposing;
mod queue;
mod reading;
mod report;
mod snapshots;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use chain::{Account, Chain, Draft};
use engine::{Now, Signal};
use follow::Snapshot;

use attempt::{Attempt, Proposals, Stage};
use lane::Lane;
use snapshots::Snapshots;

pub use input::{Input, Sealed};
pub use output::{Check, End, Note, Output};
pub use status::{Phase, Slice, Status};

/// Interval between commits of positions for Kafka's tools.
const COMMIT_MS: u64 = 5_000;
/// Pause after a block of ours could not be assembled, or was refused by a rule it should not break; a new tip ends it.
const BARRED_MS: u64 = 5_000;

/// Settings of the core.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the `transactions` topic as the provider has it; for messages only.
    pub topic: String,
    /// The own partitions, ascending, without repeats.
    pub partitions: Vec<u32>,
    /// The payee in the headers.
    pub account: Account,
    /// Seal as soon as this many records are pending …
    pub block_records: u32,
    /// … or the oldest is this old.
    pub block_age_ms: u64,
    /// Seal records of other partitions when they are this old; 0: never.
    pub rescue_age_ms: u64,
    /// True if snapshots of the chain can be kept.
    pub keeps_snapshots: bool,
}

/// The miner. Embeds the follower of the chain.
pub struct Core {
    settings: Settings,
    follow: follow::Core,
    followed: Vec<follow::Output>,
    /// The partitions that are watched; none before the follower has caught up.
    lanes: BTreeMap<u32, Lane>,
    attempt: Option<Attempt>,
    proposals: Proposals,
    /// Last number given to an attempt or a reader.
    last_id: u64,
    /// The journal's clock is behind ours: blocks take their parent's timestamp.
    clock_ahead: bool,
    barred_until_ms: u64,
    commit_at_ms: u64,
    committed: BTreeMap<u32, u64>,
    snapshots: Snapshots,
    /// Appends without an outcome yet.
    in_flight: usize,
    /// The reason why the `blockchain` topic cannot be read, if it cannot.
    read_trouble: Option<String>,
    append_trouble: Option<String>,
    /// The last append error reported, so that it is reported once.
    append_reported: Option<String>,
    rate: Option<(u64, u64)>,
    blocks_won: u64,
    blocks_stale: u64,
    /// Set once no new work is begun.
    ending: Option<Ending>,
}

/// The progress of the end.
#[derive(Debug)]
enum Ending {
    /// An append is in flight.
    Waiting { why: Result<(), End>, until_ms: u64 },
    /// [`Output::End`] is out.
    Over,
}

impl Ending {
    fn wake_ms(&self) -> Option<u64> {
        match self {
            Ending::Waiting { until_ms, .. } => Some(*until_ms),
            Ending::Over => None,
        }
    }
}

impl Core {
    /// Creates a core that follows from a snapshot, or from the beginning.
    pub fn new(settings: Settings, follow: follow::Settings, start: Option<Snapshot>) -> Core {
        Core {
            settings,
            follow: follow::Core::new(follow, start),
            followed: Vec::new(),
            lanes: BTreeMap::new(),
            attempt: None,
            proposals: Proposals::default(),
            last_id: 0,
            clock_ahead: false,
            barred_until_ms: 0,
            commit_at_ms: 0,
            committed: BTreeMap::new(),
            snapshots: Snapshots::default(),
            in_flight: 0,
            read_trouble: None,
            append_trouble: None,
            append_reported: None,
            rate: None,
            blocks_won: 0,
            blocks_stale: 0,
            ending: None,
        }
    }

    /// The embedded follower.
    pub fn follower(&self) -> &follow::Core {
        &self.follow
    }

    fn start(&mut self, now: Now, out: &mut Vec<Output>) {
        if self.settings.keeps_snapshots {
            self.snapshots = Snapshots::from(now.elapsed_ms);
        }
        self.on_follow(now, Signal::Start.into(), out);
    }

    /// True while a block is in the making.
    pub fn is_making(&self) -> bool {
        self.attempt.is_some()
    }

    /// Does all work that is due: the one place that decides on the next step.
    fn advance(&mut self, now: Now, out: &mut Vec<Output>) {
        let now_ms = now.elapsed_ms;
        self.snapshots.keep_when_due(now_ms, &self.follow, out);
        if self.lanes.is_empty() {
            return;
        }
        self.compare_ahead(now_ms);
        self.tend_lanes(now_ms, out);
        self.commit(now_ms, out);
        if self.attempt.is_some() {
            self.propose_when_due(now_ms, out);
        } else if self.may_begin(now_ms)
            && let Some(partition) = self.choose(now_ms)
        {
            self.begin(now, partition, out);
        }
    }

    /// Assembles the next block of a partition and has it sealed.
    fn begin(&mut self, now: Now, partition: u32, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let Some(queue) = self
            .lanes
            .get(&partition)
            .and_then(|lane| lane.queue.as_ref())
        else {
            return;
        };
        let parent_ms = chain.tip().header.timestamp_ms;
        let timestamp_ms = if self.clock_ahead {
            parent_ms
        } else {
            now.wall_ms().max(parent_ms)
        };
        let draft = Draft {
            partition,
            slots: queue.slots(chain.rules().genesis.max_block_records as usize),
            miner: self.settings.account,
            timestamp_ms,
        };
        match chain.assemble(draft) {
            Ok(template) => {
                let template = Arc::new(template);
                let traces = queue.traces(template.header.to_offset);
                let id = self.next_id();
                out.push(Output::Seal {
                    attempt: id,
                    template: Arc::clone(&template),
                    traces: traces.clone(),
                });
                self.attempt = Some(Attempt {
                    id,
                    template,
                    traces,
                    begun_ms: now.elapsed_ms,
                    tries: 0,
                    stage: Stage::Sealing,
                });
            }
            Err(error) => {
                self.barred_until_ms = now.elapsed_ms + BARRED_MS;
                out.push(Output::Note(Note::Barred(error)));
            }
        }
    }

    fn commit(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain().filter(|_| now_ms >= self.commit_at_ms) else {
            return;
        };
        self.commit_at_ms = now_ms + COMMIT_MS;
        for &partition in &self.settings.partitions {
            let offset = chain.cursor(partition);
            if self.committed.insert(partition, offset) != Some(offset) {
                out.push(Output::Commit { partition, offset });
            }
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The chain, if it may be mined upon now.
    fn usable(&self) -> Option<&Chain> {
        self.follow.chain().filter(|_| self.follow.usable())
    }
}

impl engine::Core for Core {
    type Input = Input;
    type Output = Output;

    /// All waiting is on the monotonic clock. The wall clock is for comparisons with other machines' times: timestamps of
    /// blocks, append times, and the age of a record at the moment it is read.
    fn step(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        let now_ms = now.elapsed_ms;
        if matches!(input, Input::Appended { .. }) {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        if self.ending.is_none() {
            match input {
                Input::Signal(Signal::Start) => self.start(now, out),
                Input::Signal(Signal::Wake) => {}
                Input::Signal(Signal::Stop) => self.end(now_ms, Ok(()), out),
                Input::Follow(input) => self.on_follow(now, input, out),
                Input::Transactions {
                    partition,
                    generation,
                    event,
                } => self.on_transactions(now, partition, generation, event, out),
                Input::Checked {
                    partition,
                    generation,
                    offsets,
                    records,
                } => self.on_checked(now_ms, partition, generation, offsets, records),
                Input::Looked { question, seen } => self.on_looked(now_ms, question, seen, out),
                Input::Sealed(sealed) => self.on_sealed(now_ms, sealed, out),
                Input::Appended { attempt, result } => {
                    self.on_appended(now_ms, attempt, result, out);
                }
            }
        }
        match self.ending {
            None => self.advance(now, out),
            Some(_) => self.end_when_settled(now_ms, out),
        }
    }

    fn wake_ms(&self) -> Option<u64> {
        match &self.ending {
            None => self.due_ms(),
            Some(ending) => ending.wake_ms(),
        }
    }
}
