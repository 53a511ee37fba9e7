//! Events of the partitions: records, their checks, and looks at the topic.

use std::sync::Arc;

use chain::Record;
use chain::record::Judged;
use engine::Now;
use follow::partition::{Answer, Finding, Mark, Question};
use journal::TailEvent;

use super::Core;
use super::lane::Lane;
use super::output::{Check, End, Note, Output};
use super::queue::Queue;

/// Most partitions of other miners that are read at once, to be rescued.
const RESCUES: usize = 8;
/// A reader this many offsets behind the cursor is restarted there, to skip sealed records.
const SKIP_OFFSETS: u64 = 1_000;

impl Core {
    /// Starts a reader at the cursor, in place of the previous one.
    pub(super) fn read(&mut self, partition: u32, out: &mut Vec<Output>) {
        let generation = self.next_id();
        let from = self
            .follow
            .chain()
            .map_or(0, |chain| chain.cursor(partition));
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        lane.partition.start(generation);
        lane.queue = Some(Queue::new(from));
        out.push(Output::Read {
            partition,
            generation,
            from,
        });
    }

    pub(super) fn on_transactions(
        &mut self,
        now: Now,
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
        let own = lane.own;
        let Some((reader, queue)) = lane.read_by(generation) else {
            return;
        };
        let cursor = chain.cursor(partition);
        match event {
            TailEvent::Batch(batch) => {
                let last = batch.records.last().map(Mark::of);
                reader.read(now.elapsed_ms, last);
                let unchecked = queue.take(now, batch);
                let behind = queue.read_to() + SKIP_OFFSETS < cursor;
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
                    self.read(partition, out);
                }
            }
            TailEvent::Unavailable(error) => reader.unavailable(&error),
            TailEvent::Available => reader.available(),
            TailEvent::Lost(error) => match reader.lost(now.elapsed_ms, cursor, error) {
                Ok(Finding::Cut(loss)) => self.on_cut(partition, loss, out),
                Ok(_) => {}
                Err(error) if own => self.give_up(now.elapsed_ms, error, out),
                Err(_) => stop(lane, out),
            },
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
        let lane = self.lanes.get_mut(&partition);
        let Some((reader, queue)) = lane.and_then(|lane| lane.read_by(generation)) else {
            return;
        };
        queue.checked(offsets.into_iter().zip(records));
        if queue.waits_for_confirmation() {
            reader.look_at_once(now_ms);
        }
    }

    pub(super) fn on_looked(
        &mut self,
        now_ms: u64,
        question: Question,
        seen: Option<Answer>,
        out: &mut Vec<Output>,
    ) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let read = self.lanes.values().filter(|l| !l.own && l.queue.is_some());
        let rescues = read.count();
        let partition = question.partition;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        // While the chain is behind, so are its cursors.
        let seen = seen.as_ref().filter(|_| self.follow.caught_up());
        let cursor = chain.cursor(partition);
        match lane.looked(now_ms, cursor, &question, seen) {
            Finding::Cut(loss) => return self.on_cut(partition, loss, out),
            Finding::Lost(loss) if lane.own => {
                return self.give_up(now_ms, End::Loss(loss), out);
            }
            Finding::Lost(loss) => {
                if lane.report_loss() {
                    out.push(Output::Note(Note::ForeignLoss(loss)));
                }
            }
            Finding::Unknown | Finding::Whole | Finding::Suspect => {}
        }
        if lane.own {
            return;
        }
        let still_waiting = lane.still_waiting(&question, seen);
        let drained = seen.is_some_and(|seen| seen.offsets.end <= cursor);
        match &lane.queue {
            None if still_waiting && rescues < RESCUES => self.read(partition, out),
            Some(queue) if drained && queue.is_empty() => stop(lane, out),
            _ => {}
        }
    }

    /// Looks at partitions, and restarts readers that lost their place.
    pub(super) fn tend_lanes(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let mut restart = Vec::new();
        for lane in self.lanes.values_mut() {
            let look = lane.look(now_ms, chain.cursor(lane.number()));
            out.extend(look.map(Output::Look));
            if lane.partition.is_restart_due(now_ms) {
                restart.push(lane.number());
            }
        }
        for partition in restart {
            self.read(partition, out);
        }
    }
}

pub(super) fn stop(lane: &mut Lane, out: &mut Vec<Output>) {
    lane.queue = None;
    if lane.partition.stop() {
        out.push(Output::Stop {
            partition: lane.number(),
        });
    }
}
