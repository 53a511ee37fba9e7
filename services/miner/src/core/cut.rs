//! A partition that loses its end under its reader: what was read of it no longer counts.
//!
//! A topic can lose its end and grow again: the same offsets then hold other records, which were acknowledged too. So only
//! records that were read or compared a moment before are sealed ([`Lane::is_fresh`](super::lane::Lane::is_fresh)).

use follow::partition::Loss;

use super::Core;
use super::output::{Note, Output};
use super::queue::Queue;

impl Core {
    /// Drops the queue of a partition, and a block in the making from it; reading restarts at the cursor.
    pub(super) fn on_cut(&mut self, partition: u32, loss: Loss, out: &mut Vec<Output>) {
        let cursor = self
            .follow
            .chain()
            .map_or(0, |chain| chain.cursor(partition));
        if let Some(lane) = self.lanes.get_mut(&partition) {
            lane.queue = Some(Queue::new(cursor));
        }
        out.push(Output::Note(Note::Cut(loss)));
        let touched = self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.template.header.partition == partition);
        if touched {
            self.drop_attempt(out);
        }
    }

    /// Schedules comparisons with the topic for records that will be sealed soon and were not read just now.
    pub(super) fn compare_ahead(&mut self, now_ms: u64) {
        let idle = self.attempt.is_none() && self.may_mine();
        let due: Vec<_> = self
            .lanes
            .values()
            .map(|lane| {
                let (_, ripe_ms) = self.ripeness(lane).filter(|_| idle)?;
                let due_ms = ripe_ms.max(self.barred_until_ms).max(now_ms);
                (!lane.is_fresh(due_ms)).then_some(due_ms)
            })
            .collect();
        for (lane, due_ms) in self.lanes.values_mut().zip(due) {
            lane.waits = due_ms.is_some();
            due_ms.into_iter().for_each(|at| lane.compare_by(at));
        }
    }

    /// True if a sealed block may be appended: the topic held its records a moment before. If that is not known, asks.
    pub(super) fn may_propose(&mut self, now_ms: u64, out: &mut Vec<Output>) -> bool {
        let Some(attempt) = &self.attempt else {
            return false;
        };
        let header = &attempt.template.header;
        let Some(lane) = self.lanes.get_mut(&header.partition) else {
            return true;
        };
        let fresh = lane.is_fresh_enough(now_ms);
        if !fresh {
            lane.compare_by(now_ms);
            out.extend(lane.look(now_ms, header.from_offset).map(Output::Look));
        }
        fresh
    }
}
