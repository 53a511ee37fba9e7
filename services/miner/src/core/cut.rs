//! A partition that loses its end under its reader: what was read of it counts no more.
//!
//! A log can lose its end and grow again: what is remembered of it then stands at offsets that hold other records, which were
//! acknowledged too. So nothing is sealed that was not read or compared a moment before ([`Lane::is_fresh`](super::lane::Lane::is_fresh)).

use super::Core;
use super::output::{Cut, Note, Output};
use super::queue::Queue;

/// Pause before a reader that lost its place is started again.
pub(super) const RESTART_MS: u64 = 1_000;

impl Core {
    /// Forgets what was read of a partition, and the block that is being made of it; reading begins again at the cursor.
    pub(super) fn on_cut(&mut self, now_ms: u64, partition: u32, end: u64, out: &mut Vec<Output>) {
        let Some(chain) = self.follow.chain() else {
            return;
        };
        let cursor = chain.cursor(partition);
        // What the old reader still says is not listened to.
        let generation = self.next_id();
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        let Some(watch) = &mut lane.watch else {
            return;
        };
        let cut = Cut {
            topic: self.settings.topic.clone(),
            partition,
            read_to: watch.queue.read_to(),
            cursor,
            end,
        };
        watch.generation = generation;
        watch.queue = Queue::new(cursor);
        watch.last = None;
        watch.fresh_ms = None;
        watch.restart_at_ms = Some(now_ms + RESTART_MS);
        lane.trouble = Some(cut.to_string());
        lane.survey_at_once(now_ms);
        out.push(Output::Note(Note::Cut(cut)));
        let touched = self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.template.header.partition == partition);
        if touched {
            self.drop_attempt(out);
        }
    }

    /// Has what will be sealed soon compared with the log, where it was not read just now.
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

    /// Whether a block that has been sealed may be appended: the log held what is in it a moment before. If that is not known, it is asked.
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
            out.extend(lane.survey(now_ms, header.from_offset).map(Output::Survey));
        }
        fresh
    }
}
