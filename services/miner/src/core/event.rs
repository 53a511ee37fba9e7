//! Events of the chain: blocks, refused candidates, the end.

use std::sync::Arc;

use chain::block::Rule;
use chain::limits::MAX_AHEAD_MS;
use chain::{Accepted, Refusal};
use engine::{Core as _, Now};
use follow::{Event, Refused};

use super::attempt::{Attempt, Stage};
use super::lane::Lane;
use super::output::{Note, Output};
use super::reading::stop;
use super::{BARRED_MS, Core};
use crate::fit::{self, Misfit};

impl Core {
    pub(super) fn on_follow(&mut self, now: Now, input: follow::Input, out: &mut Vec<Output>) {
        let mut followed = std::mem::take(&mut self.followed);
        self.follow.step(now, input, &mut followed);
        for output in followed.drain(..) {
            match output {
                follow::Output::Task(task) => out.push(Output::Follow(task)),
                follow::Output::Event(event) => self.on_event(now, event, out),
            }
        }
        self.followed = followed;
        if self.lanes.is_empty() && self.ending.is_none() {
            self.open_lanes(now.elapsed_ms, out);
        }
    }

    fn on_event(&mut self, now: Now, event: Event, out: &mut Vec<Output>) {
        match event {
            Event::Accepted {
                accepted, offset, ..
            } => self.on_accepted(now, &accepted, offset, out),
            Event::Refused(refused) => self.on_refused(now.elapsed_ms, &refused, out),
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
            Event::Fatal(fatal) => self.give_up(now.elapsed_ms, fatal, out),
        }
    }

    fn on_accepted(
        &mut self,
        now: Now,
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
        self.clock_ahead &= accepted.append_ms + MAX_AHEAD_MS < now.wall_ms();
        if let Some(lane) = self.lanes.get_mut(&header.partition) {
            if let Some(queue) = &mut lane.queue {
                queue.advance(cursor);
            }
            // The partition's own miner is alive again: stop rescuing.
            if !lane.own && !ours {
                stop(lane, out);
            }
        }
        let Some(attempt) = &self.attempt else { return };
        if attempt.template.header.previous_hash != header.previous_hash {
            return;
        }
        let Some(attempt) = self.drop_attempt(out) else {
            return;
        };
        out.push(Output::Note(outcome(
            now.elapsed_ms,
            &attempt,
            accepted,
            offset,
        )));
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
        let height = claims.header.height;
        out.push(Output::Note(match refused.refusal {
            Refusal::Block(Rule::TooLate { .. }) => {
                self.clock_ahead = true;
                Note::TooLate { height }
            }
            refusal => {
                self.barred_until_ms = now_ms + BARRED_MS;
                Note::Refused { height, refusal }
            }
        }));
    }

    /// Begins to watch the partitions, once the follower has caught up.
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
            return self.give_up(now_ms, misfit, out);
        }
        let rescue_ms = self.settings.rescue_age_ms;
        for partition in 0..partitions {
            let own = self.settings.partitions.contains(&partition);
            if own || rescue_ms > 0 {
                let rescue_ms = (!own).then_some(rescue_ms);
                let lane = Lane::new(&self.settings.topic, partition, now_ms, rescue_ms);
                self.lanes.insert(partition, lane);
            }
            if own {
                self.read(partition, out);
            }
        }
        out.push(Output::Note(Note::Begun { height }));
    }

    /// The chain is replayed from block 0: nothing derived from it holds.
    fn close_lanes(&mut self, out: &mut Vec<Output>) {
        self.drop_attempt(out);
        for lane in self.lanes.values_mut() {
            stop(lane, out);
        }
        self.lanes.clear();
    }
}

/// The outcome of an attempt once its height is taken.
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
