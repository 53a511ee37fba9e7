//! What the chain and the partitions bring in.

use std::sync::Arc;

use chain::block::Rule;
use chain::limits::MAX_AHEAD_MS;
use chain::record::Judged;
use chain::{Accepted, Record, Refusal};
use engine::{Core as _, Now};
use follow::{Event, Refused};
use journal::TailEvent;

use super::attempt::{Attempt, Stage};
use super::cut::RESTART_MS;
use super::lane::{Finding, Lane, Watch};
use super::output::{Check, Note, Output, Survey, Surveyed};
use super::queue::Queue;
use super::{BARRED_MS, Core};
use crate::fit::{self, Misfit};

/// Most partitions of others that are read at once, to be rescued.
const RESCUES: usize = 8;
/// A reader this many offsets behind the cursor skips what others have sealed already.
const SKIP_OFFSETS: u64 = 1_000;

/// One clock for both, for now.
fn now(now_ms: u64) -> Now {
    Now {
        wall_us: now_ms * 1000,
        elapsed_ms: now_ms,
    }
}

impl Core {
    pub(super) fn on_follow(&mut self, now_ms: u64, input: follow::Input, out: &mut Vec<Output>) {
        let mut followed = std::mem::take(&mut self.followed);
        self.follow.step(now(now_ms), input, &mut followed);
        for output in followed.drain(..) {
            match output {
                follow::Output::Task(task) => out.push(Output::Follow(task)),
                follow::Output::Event(event) => self.on_event(now_ms, event, out),
            }
        }
        self.followed = followed;
        if self.lanes.is_empty() {
            self.open_lanes(now_ms, out);
        }
    }

    fn on_event(&mut self, now_ms: u64, event: Event, out: &mut Vec<Output>) {
        match event {
            Event::Accepted {
                accepted, offset, ..
            } => self.on_accepted(now_ms, &accepted, offset, out),
            Event::Refused(refused) => self.on_refused(now_ms, &refused, out),
            Event::CaughtUp(_) | Event::Behind(_) => {}
            Event::Unavailable(trouble) => {
                self.read_trouble = Some(trouble.clone());
                out.push(Output::Note(Note::Log {
                    trouble: Some(trouble),
                }));
            }
            Event::Available => {
                self.read_trouble = None;
                out.push(Output::Note(Note::Log { trouble: None }));
            }
            Event::Stopped { version } => {
                self.drop_attempt(out);
                out.push(Output::Note(Note::Stopped { version }));
            }
            Event::Restarted => self.close_lanes(out),
            Event::Fatal(fatal) => self.end(fatal, out),
        }
    }

    fn on_accepted(
        &mut self,
        now_ms: u64,
        accepted: &Arc<Accepted>,
        offset: u64,
        out: &mut Vec<Output>,
    ) {
        let header = accepted.block.header();
        let cursor = self
            .follow
            .chain()
            .map_or(0, |chain| chain.cursor(header.partition));
        let ours = self.proposals.won(&accepted.hash());
        self.blocks_won += u64::from(ours);
        if ours {
            self.appends_work();
        }
        self.barred_until_ms = 0;
        self.clock_ahead &= accepted.append_ms + MAX_AHEAD_MS < now_ms;
        if let Some(lane) = self.lanes.get_mut(&header.partition) {
            if let Some(queue) = lane.queue_mut() {
                queue.advance(cursor);
            }
            // Its own miner lives.
            if !lane.own && !ours {
                unwatch(lane, out);
            }
        }
        let Some(attempt) = &self.attempt else { return };
        if attempt.template.header.previous_hash != header.previous_hash {
            return;
        }
        let Some(attempt) = self.drop_attempt(out) else {
            return;
        };
        out.push(Output::Note(outcome(now_ms, &attempt, accepted, offset)));
    }

    fn on_refused(&mut self, now_ms: u64, refused: &Refused, out: &mut Vec<Output>) {
        let Some(claims) = &refused.claims else {
            return;
        };
        if refused.refusal.is_stale() {
            self.blocks_stale += u64::from(self.proposals.lost(&claims.hash));
            return;
        }
        let current = self.attempt.as_ref().is_some_and(|attempt| {
            matches!(&attempt.stage, Stage::Proposed(proposal)
                if proposal.hash == claims.hash && proposal.is_at(refused.offset))
        });
        if !current {
            return;
        }
        self.drop_attempt(out);
        let height = claims.height;
        out.push(Output::Note(match refused.refusal {
            Refusal::Block(Rule::TooLate) => {
                self.clock_ahead = true;
                Note::TooLate { height }
            }
            refusal => {
                self.barred_until_ms = now_ms + BARRED_MS;
                Note::Refused { height, refusal }
            }
        }));
    }

    /// Begins to look at the partitions, once the chain has been caught up with.
    fn open_lanes(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(chain) = self.usable().filter(|_| self.follow.caught_up()) else {
            return;
        };
        let (height, genesis) = (chain.tip().height(), &chain.rules().genesis);
        let (account, partitions) = (self.settings.account, genesis.partitions);
        let fits = fit::check(&self.settings.partitions, &account, genesis);
        let listed = chain.is_stopped() || chain.may_mine(&account);
        let fits = fits.and(if listed {
            Ok(())
        } else {
            Err(Misfit::NotListed {
                account,
                chain: genesis.name.clone(),
            })
        });
        if let Err(misfit) = fits {
            return self.end(misfit, out);
        }
        let rescue_ms = self.settings.rescue_age_ms;
        for partition in 0..partitions {
            if self.settings.partitions.contains(&partition) {
                self.lanes
                    .insert(partition, Lane::new(partition, now_ms, None));
                self.watch(partition, out);
            } else if rescue_ms > 0 {
                let lane = Lane::new(partition, now_ms, Some(rescue_ms));
                self.lanes.insert(partition, lane);
            }
        }
        out.push(Output::Note(Note::Begun { height }));
    }

    /// The chain begins anew: nothing that was derived from it holds.
    fn close_lanes(&mut self, out: &mut Vec<Output>) {
        self.drop_attempt(out);
        for lane in self.lanes.values_mut() {
            unwatch(lane, out);
        }
        self.lanes.clear();
    }

    /// Starts a reader at the cursor, in place of any before.
    fn watch(&mut self, partition: u32, out: &mut Vec<Output>) {
        let generation = self.next_id();
        let from = self
            .follow
            .chain()
            .map_or(0, |chain| chain.cursor(partition));
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        lane.watch = Some(Watch {
            generation,
            queue: Queue::new(from),
            last: None,
            fresh_ms: 0,
            restart_at_ms: None,
        });
        out.push(Output::Watch {
            partition,
            generation,
            from,
        });
    }

    pub(super) fn on_transactions(
        &mut self,
        now_ms: u64,
        partition: u32,
        generation: u64,
        event: TailEvent,
        out: &mut Vec<Output>,
    ) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        let Some(watch) = lane.watch.as_mut().filter(|w| w.generation == generation) else {
            return;
        };
        match event {
            TailEvent::Batch(batch) => {
                lane.trouble = None;
                if let Some(last) = batch.records.last() {
                    watch.last = Some(last.clone());
                    watch.fresh_ms = now_ms;
                }
                let unchecked = watch.queue.take(now_ms, batch);
                let behind = watch.queue.read_to() + SKIP_OFFSETS < chain.cursor(partition);
                if !unchecked.offsets.is_empty() {
                    out.push(Output::Check(Check {
                        partition,
                        generation,
                        offsets: unchecked.offsets,
                        values: unchecked.values,
                        traces: unchecked.traces,
                        rules: Arc::clone(chain.rules()),
                    }));
                }
                if behind {
                    self.watch(partition, out);
                }
            }
            TailEvent::Unavailable(error) => {
                watch.fresh_ms = 0;
                lane.trouble = Some(error.to_string());
            }
            TailEvent::Available => lane.trouble = None,
            TailEvent::Lost(journal::Error::Changed { end, .. }) => {
                self.on_cut(now_ms, partition, end, out);
            }
            TailEvent::Lost(journal::Error::OutOfRange { offset, end, .. })
                if offset > end && watch.last.is_some() =>
            {
                self.on_cut(now_ms, partition, end, out);
            }
            TailEvent::Lost(journal::Error::OutOfRange { .. }) => {
                // The survey says whether anything is lost.
                watch.restart_at_ms = Some(now_ms + RESTART_MS);
                lane.survey_at_once(now_ms);
            }
            TailEvent::Lost(error) if lane.own => self.end(error, out),
            TailEvent::Lost(_) => unwatch(lane, out),
        }
    }

    pub(super) fn on_checked(
        &mut self,
        now_ms: u64,
        partition: u32,
        generation: u64,
        offsets: Vec<u64>,
        records: Vec<Record>,
    ) {
        for record in &records {
            if matches!(record.judged(), Judged::Good(_)) {
                self.follow.learn(record.hash());
            }
        }
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        let Some(watch) = lane.watch.as_mut().filter(|w| w.generation == generation) else {
            return;
        };
        watch.queue.checked(offsets.into_iter().zip(records));
        if watch.queue.waits_for_confirmation() {
            lane.survey_at_once(now_ms);
        }
    }

    pub(super) fn on_surveyed(
        &mut self,
        now_ms: u64,
        survey: Survey,
        found: Option<Surveyed>,
        out: &mut Vec<Output>,
    ) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let watched = self.lanes.values().filter(|l| !l.own && l.watch.is_some());
        let rescues = watched.count();
        let Some(lane) = self.lanes.get_mut(&survey.partition) else {
            return;
        };
        // A chain that is behind has cursors that are behind.
        let found = found.filter(|_| self.follow.caught_up());
        let cursor = chain.cursor(survey.partition);
        match lane.surveyed(now_ms, &self.settings.topic, cursor, &survey, found) {
            Finding::Cut => {
                let end = found.map_or(cursor, |found| found.offsets.end);
                return self.on_cut(now_ms, survey.partition, end, out);
            }
            Finding::Lost(loss) if lane.own => return self.end(loss, out),
            Finding::Lost(loss) => {
                if lane.tell_loss() {
                    out.push(Output::Note(Note::ForeignLoss(loss)));
                }
            }
            Finding::Whole | Finding::Suspect => {}
        }
        if lane.own {
            return;
        }
        let still_waiting = lane.still_waiting(&survey, found);
        let drained = found.is_some_and(|found| found.offsets.end <= cursor);
        match &lane.watch {
            None if still_waiting && rescues < RESCUES => self.watch(survey.partition, out),
            Some(watch) if drained && watch.queue.is_empty() => unwatch(lane, out),
            _ => {}
        }
    }

    /// Asks for the ends of partitions, and starts readers again that lost their place.
    pub(super) fn tend_lanes(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let mut restart = Vec::new();
        for lane in self.lanes.values_mut() {
            let survey = lane.survey(now_ms, chain.cursor(lane.partition));
            out.extend(survey.map(Output::Survey));
            let due = lane.watch.as_ref().and_then(|watch| watch.restart_at_ms);
            if due.is_some_and(|at| at <= now_ms) {
                restart.push(lane.partition);
            }
        }
        for partition in restart {
            self.watch(partition, out);
        }
    }
}

fn unwatch(lane: &mut Lane, out: &mut Vec<Output>) {
    if lane.watch.take().is_some() {
        lane.trouble = None;
        out.push(Output::Unwatch {
            partition: lane.partition,
        });
    }
}

/// What became of an attempt whose place on the chain is taken.
fn outcome(now_ms: u64, attempt: &Attempt, accepted: &Accepted, offset: u64) -> Note {
    let header = &attempt.template.header;
    let proposed = match &attempt.stage {
        Stage::Sealing => None,
        Stage::Proposed(proposal) => Some(proposal.hash),
    };
    if proposed != Some(accepted.hash()) {
        return Note::Lost {
            height: header.height,
            to: accepted.block.header().miner,
            proposed: proposed.is_some(),
        };
    }
    Note::Won {
        height: header.height,
        hash: accepted.hash(),
        offset,
        partition: header.partition,
        records: attempt.template.verdicts.len() as u32,
        included: attempt.template.tally().included,
        tries: attempt.tries,
        elapsed_ms: now_ms.saturating_sub(attempt.begun_ms),
    }
}
