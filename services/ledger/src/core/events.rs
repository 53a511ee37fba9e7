//! Events of the follower: blocks, refused candidates, progress.

use engine::{Core as _, Now};
use follow::{Event, Refused};

use super::partition::Partition;
use super::resume::Meeting;
use super::{Core, Output, Phase, REFUSED_BEFORE_CHAIN, SURVEY_INTERVAL_MS, Snapshots, Writing};
use crate::model::{Applied, Batch, Condition, State, Trouble};

/// Traces end at blocks no older than this: rebuilding the index adds nothing to old traces.
const TRACED_MS: u64 = 3_600_000;

impl Core {
    pub(super) fn follow(&mut self, now: Now, input: follow::Input, out: &mut Vec<Output>) {
        let mut told = Vec::new();
        self.follow.step(now, input, &mut told);
        for output in told {
            match output {
                follow::Output::Task(task) => out.push(Output::Follow(task)),
                follow::Output::Event(event) => self.event(now, event, out),
            }
            if let Phase::Ended = self.phase {
                return;
            }
        }
        self.note_head();
        let end = self.follow.lag().end;
        if end != self.published_end && self.live && self.is_settled() {
            self.publish(false, out);
        }
    }

    pub(super) fn event(&mut self, now: Now, event: Event, out: &mut Vec<Output>) {
        match event {
            Event::Accepted {
                accepted,
                offset,
                headers,
            } => {
                // A block that a replay reads again was traced when it was new.
                let recent = accepted.append_ms.saturating_add(TRACED_MS) >= now.wall_ms();
                let headers = if recent { headers } else { Vec::new() };
                self.accepted(
                    Applied {
                        accepted,
                        topic_offset: offset,
                        headers,
                    },
                    out,
                );
            }
            Event::Refused(refused) => self.refused(refused, out),
            Event::CaughtUp(_) => self.caught_up(now.elapsed_ms, out),
            Event::Behind(lag) => {
                self.ready_at = None;
                let message = format!("{} records of {} to go", lag.records(), self.blockchain);
                out.push(Output::Ready(
                    Condition::CaughtUp,
                    Err(Trouble::CatchingUp(message)),
                ));
            }
            Event::Unavailable(why) => out.push(Output::Ready(
                Condition::Log,
                Err(Trouble::Unavailable(why)),
            )),
            Event::Available => out.push(Output::Ready(Condition::Log, Ok(()))),
            Event::Stopped { version } => out.push(Output::Stopped { version }),
            Event::Restarted => self.restarted(out),
            Event::Fatal(fatal) => self.fail(fatal, out),
        }
    }

    pub(super) fn accepted(&mut self, applied: Applied, out: &mut Vec<Output>) {
        let accepted = &applied.accepted;
        if let Some(resume) = &self.resume {
            match resume.meets(accepted.height(), &accepted.hash()) {
                Meeting::Below => {}
                Meeting::Same => self.resume = None,
                Meeting::Other => {
                    let loss = resume.contradicted(
                        &self.blockchain,
                        applied.topic_offset,
                        &accepted.hash(),
                    );
                    self.fail(loss, out);
                }
            }
            return;
        }
        if self.head.is_none() {
            self.begin(out);
        }
        let tally = accepted.tally();
        if let Some(head) = &mut self.head {
            head.included += u64::from(tally.included);
            head.rejected += u64::from(tally.rejected);
        }
        if accepted.height() > 0
            && let Some(partition) = self
                .partitions
                .get_mut(accepted.block.header().partition as usize)
        {
            partition.audit.block(accepted);
        }
        self.collecting.replay |= !self.live;
        self.collecting.push(applied);
    }

    /// Takes the first block.
    pub(super) fn begin(&mut self, out: &mut Vec<Output>) {
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
        out.push(Output::Ready(Condition::Chain, Ok(())));
    }

    pub(super) fn refused(&mut self, refused: Refused, out: &mut Vec<Output>) {
        if refused.offset < self.skip_below {
            return;
        }
        out.push(Output::Refused(refused.clone()));
        self.collecting.refused.push(refused);
        if self.head.is_none() && self.collecting.refused.len() > REFUSED_BEFORE_CHAIN {
            self.collecting.refused.remove(0);
        }
    }

    /// Notes the state of the index after what has been collected.
    pub(super) fn note_head(&mut self) {
        let (Some(head), Some(chain), None) = (&mut self.head, self.follow.chain(), &self.resume)
        else {
            return;
        };
        head.tip = chain.tip().header;
        head.usable = self.follow.usable();
        head.applied_offset = self.follow.next_offset().max(self.skip_below);
        head.accounts = u64::from(chain.accounts());
        // The sum of allocations and rewards: far from the limits of an i64 for any possible chain.
        head.supply = chain.supply().clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        head.miners = chain.miners().to_vec();
        head.cursors = chain.cursors().to_vec();
    }

    pub(super) fn caught_up(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if let Some(resume) = &self.resume {
            let end = self.follow.lag().end;
            let loss = resume.truncated(&self.blockchain, end);
            return self.fail(loss, out);
        }
        if !std::mem::replace(&mut self.live, true) {
            // The replay is still being written, and partitions are surveyed as soon as they are opened: two surveys right
            // after each other would both see the old cursors.
            self.survey_at_ms = now_ms + SURVEY_INTERVAL_MS;
        }
        self.ready_at = Some(self.follow.next_offset());
        out.push(Output::Ready(Condition::Log, Ok(())));
        self.ready(out);
    }

    pub(super) fn restarted(&mut self, out: &mut Vec<Output>) {
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
}
