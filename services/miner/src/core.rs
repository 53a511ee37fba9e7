//! The miner as a plain struct: inputs in, outputs out. No IO, clock, threads or randomness.
//!
//! At any time at most one block is being made ([`attempt`]): it is assembled on the tip, sealed, appended, and counts
//! only once it has been read back. Whatever moves the tip ends it, and the next one is assembled at once from records
//! that have been read and checked meanwhile ([`queue`]).

mod attempt;
mod choice;
mod cut;
mod event;
mod input;
mod lane;
mod output;
mod queue;
mod report;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chain::{Account, Chain, Draft};
use follow::Snapshot;

use attempt::{Attempt, Proposal, Proposals, Stage};
use lane::Lane;

pub use input::{Input, Sealed};
pub use output::{Check, Cut, End, Loss, Note, Output, Survey, Surveyed};
pub use report::{CATCHING_UP, LOG_UNAVAILABLE, NO_CHAIN, STOPPED};
pub use status::{Phase, Slice, Status};

/// How often positions are left for Kafka's tools to show.
const COMMIT_MS: u64 = 5_000;
/// Pause after a block of ours was refused by a rule it should not break, or could not be assembled; a new tip ends it.
const BARRED_MS: u64 = 5_000;

/// What the core needs to be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the `transactions` topic as the provider has it; for messages only.
    pub topic: String,
    /// The partitions it is pinned to, ascending, without repeats.
    pub partitions: Vec<u32>,
    /// Who is paid.
    pub account: Account,
    /// Seal as soon as this many records are pending …
    pub block_records: u32,
    /// … or the oldest is this old.
    pub block_age_ms: u64,
    /// Seal records of other partitions when they are this old; 0: never.
    pub rescue_age_ms: u64,
}

/// The miner. Embeds the follower of the chain.
pub struct Core {
    settings: Settings,
    follow: follow::Core,
    followed: Vec<follow::Output>,
    /// The partitions that are looked at; none before the chain has been caught up with.
    lanes: BTreeMap<u32, Lane>,
    attempt: Option<Attempt>,
    proposals: Proposals,
    /// Numbers attempts and readers.
    last_id: u64,
    /// The log's clock is behind ours: blocks take their parent's timestamp.
    clock_ahead: bool,
    barred_until_ms: u64,
    commit_at_ms: u64,
    committed: BTreeMap<u32, u64>,
    /// Why the `blockchain` topic cannot be read or written, while that is so.
    read_trouble: Option<String>,
    append_trouble: Option<String>,
    /// The last one that was told, so that it is told once.
    append_said: Option<String>,
    rate: Option<(u64, u64)>,
    blocks_won: u64,
    blocks_stale: u64,
    ended: bool,
}

impl Core {
    /// A core that follows from a snapshot, or from nothing.
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
            read_trouble: None,
            append_trouble: None,
            append_said: None,
            rate: None,
            blocks_won: 0,
            blocks_stale: 0,
            ended: false,
        }
    }

    /// The follower inside, for its snapshot.
    pub fn follower(&self) -> &follow::Core {
        &self.follow
    }

    /// Whether a block is being made.
    pub fn is_making(&self) -> bool {
        self.attempt.is_some()
    }

    /// The trace contexts of what is in the block being made, as many as a block carries.
    pub fn traces(&self) -> Vec<(String, Bytes)> {
        let Some(attempt) = &self.attempt else {
            return Vec::new();
        };
        let header = &attempt.template.header;
        let queue = self.lanes.get(&header.partition).and_then(Lane::queue);
        queue.map_or_else(Vec::new, |queue| queue.traces(header.to_offset))
    }

    /// Takes one input; appends what comes of it. `now_ms` is in milliseconds since the Unix epoch.
    pub fn step(&mut self, now_ms: u64, input: Input, out: &mut Vec<Output>) {
        if self.ended {
            return;
        }
        match input {
            Input::Follow(input) => self.on_follow(now_ms, input, out),
            Input::Transactions {
                partition,
                generation,
                event,
            } => self.on_transactions(now_ms, partition, generation, event, out),
            Input::Checked {
                partition,
                generation,
                offsets,
                records,
            } => self.on_checked(now_ms, partition, generation, offsets, records),
            Input::Surveyed { survey, found } => self.on_surveyed(now_ms, survey, found, out),
            Input::Sealed(sealed) => self.on_sealed(now_ms, sealed, out),
            Input::Appended { attempt, result } => self.on_appended(now_ms, attempt, result, out),
            Input::Tick => {}
        }
        self.advance(now_ms, out);
    }

    /// Does what is due: the one place that decides what comes next.
    fn advance(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if self.ended || self.lanes.is_empty() {
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
            self.begin(now_ms, partition, out);
        }
    }

    /// Assembles the next block of a partition and has it sealed.
    fn begin(&mut self, now_ms: u64, partition: u32, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let Some(queue) = self.lanes.get(&partition).and_then(Lane::queue) else {
            return;
        };
        let parent_ms = chain.tip().header.timestamp_ms;
        let timestamp_ms = if self.clock_ahead {
            parent_ms
        } else {
            now_ms.max(parent_ms)
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
                let id = self.next_id();
                out.push(Output::Seal {
                    attempt: id,
                    template: Arc::clone(&template),
                });
                self.attempt = Some(Attempt {
                    id,
                    template,
                    begun_ms: now_ms,
                    tries: 0,
                    stage: Stage::Sealing,
                });
            }
            Err(error) => {
                self.barred_until_ms = now_ms + BARRED_MS;
                out.push(Output::Note(Note::Barred(error)));
            }
        }
    }

    fn on_sealed(&mut self, now_ms: u64, sealed: Sealed, out: &mut Vec<Output>) {
        if sealed.tries > 0 {
            self.rate = Some((sealed.tries, sealed.elapsed_us));
        }
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some((nonce, value)) = sealed.block else {
            return;
        };
        if attempt.id != sealed.attempt || !matches!(attempt.stage, Stage::Sealing) {
            return;
        }
        let mut header = attempt.template.header;
        header.nonce = nonce;
        let hash = header.hash();
        attempt.tries = sealed.tries;
        attempt.stage = Stage::Proposed(Proposal::new(now_ms, hash, value));
        self.proposals.add(hash);
        self.propose_when_due(now_ms, out);
    }

    fn on_appended(
        &mut self,
        now_ms: u64,
        id: u64,
        result: Result<journal::Appended, journal::AppendError>,
        out: &mut Vec<Output>,
    ) {
        if let Some(attempt) = &mut self.attempt
            && attempt.id == id
            && let Stage::Proposed(proposal) = &mut attempt.stage
        {
            proposal.appended(now_ms, &result);
        }
        match result {
            Ok(_) => self.appends_work(),
            Err(journal::AppendError::Full) => {}
            Err(error) => {
                let trouble = error.to_string();
                if self.append_said.as_ref() != Some(&trouble) {
                    let height = self
                        .attempt
                        .as_ref()
                        .map_or(0, |attempt| attempt.template.header.height);
                    out.push(Output::Note(Note::NotAppended { height, error }));
                    self.append_said = Some(trouble.clone());
                }
                self.append_trouble = self.attempt.as_ref().map(|_| trouble);
            }
        }
    }

    /// A block of ours is in the log.
    fn appends_work(&mut self) {
        self.append_trouble = None;
        self.append_said = None;
    }

    /// Hands the sealed block to the log.
    fn propose(&self, out: &mut Vec<Output>) {
        let Some(attempt) = &self.attempt else { return };
        let Stage::Proposed(proposal) = &attempt.stage else {
            return;
        };
        out.push(Output::Append {
            attempt: attempt.id,
            value: proposal.value.clone(),
            headers: self.traces(),
        });
    }

    /// Proposes the block if it has just been sealed, or once more if it should have been read back by now.
    fn propose_when_due(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let readable = self.readable();
        let Some(proposal) = self.proposal() else {
            return;
        };
        if now_ms < proposal.again_at_ms {
            return;
        }
        let known = readable || !proposal.is_repeated();
        let may = known && self.may_propose(now_ms, out);
        let Some(proposal) = self.proposal() else {
            return;
        };
        proposal.waits = !may;
        if may {
            proposal.proposed(now_ms);
            self.propose(out);
        }
    }

    fn proposal(&mut self) -> Option<&mut Proposal> {
        match &mut self.attempt.as_mut()?.stage {
            Stage::Sealing => None,
            Stage::Proposed(proposal) => Some(proposal),
        }
    }

    /// Whether the end of `blockchain` is known: otherwise nobody knows whether our block is there already.
    fn readable(&self) -> bool {
        self.read_trouble.is_none() && self.follow.caught_up()
    }

    /// Gives up the block being made.
    fn drop_attempt(&mut self, out: &mut Vec<Output>) -> Option<Attempt> {
        let attempt = self.attempt.take()?;
        // Whether appends work shows at the next one.
        self.append_trouble = None;
        if matches!(attempt.stage, Stage::Sealing) {
            out.push(Output::CancelSeal);
        }
        Some(attempt)
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

    fn end(&mut self, end: impl Into<End>, out: &mut Vec<Output>) {
        self.drop_attempt(out);
        self.ended = true;
        out.push(Output::End(end.into()));
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
