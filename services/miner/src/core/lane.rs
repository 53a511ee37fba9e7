//! One partition of the miner: its records while it is read, and when they may be sealed.

use follow::partition::{self, Answer, Finding, Question};

use super::queue::Queue;

/// Interval between looks at an own partition.
const LOOK_MS: u64 = 5_000;

/// Longest time since a look that found the records in the topic: older ones are compared again before they are sealed.
/// Within this time no topic loses its end and grows again.
const FRESH_MS: u64 = 1_000;
/// Lead of a comparison before the block is due, so that the block need not wait.
const AHEAD_MS: u64 = 300;
/// The same limit for a block at its append: longer than a seal begun with fresh records usually takes, shorter than the
/// restart of a broker.
const SEALED_FRESH_MS: u64 = 2_000;

const _: () = assert!(AHEAD_MS < FRESH_MS && FRESH_MS < SEALED_FRESH_MS);

/// A partition.
#[derive(Debug)]
pub(crate) struct Lane {
    /// True if this miner is pinned to it; others are only rescued.
    pub(crate) own: bool,
    /// Its reader, and the looks at its ends.
    pub(crate) partition: partition::Core,
    /// Its records, while it is read.
    pub(crate) queue: Option<Queue>,
    /// True if ripe records wait for a comparison.
    pub(crate) waits: bool,
    /// True if its loss has been reported.
    loss_reported: bool,
    /// The cursor at the last look, if records waited behind it.
    waiting_at: Option<u64>,
}

impl Lane {
    /// An own partition has no `rescue_age_ms`; another one has the age at which it is rescued.
    pub(crate) fn new(topic: &str, number: u32, now_ms: u64, rescue_age_ms: Option<u64>) -> Lane {
        let every_ms = rescue_age_ms.map_or(LOOK_MS, |age| (age / 3).clamp(250, 10_000));
        Lane {
            own: rescue_age_ms.is_none(),
            partition: partition::Core::new(topic.to_owned(), number, now_ms, every_ms),
            queue: None,
            waits: false,
            loss_reported: false,
            waiting_at: None,
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.partition.number()
    }

    /// True if the queue may be sealed at this time: the topic held its records a moment before.
    pub(crate) fn is_fresh(&self, at_ms: u64) -> bool {
        self.partition.is_held(at_ms, FRESH_MS)
    }

    /// True if a sealed block may be appended.
    pub(crate) fn is_fresh_enough(&self, at_ms: u64) -> bool {
        self.partition.is_held(at_ms, SEALED_FRESH_MS)
    }

    /// Compares the queue in time for a block due then, but not twice within a second.
    pub(crate) fn compare_by(&mut self, due_ms: u64) {
        self.partition
            .look_by(due_ms.saturating_sub(AHEAD_MS), FRESH_MS);
    }

    /// The reader and the queue that it fills, if the reader is of this generation.
    pub(crate) fn read_by(
        &mut self,
        generation: u64,
    ) -> Option<(&mut partition::Core, &mut Queue)> {
        let queue = self.queue.as_mut()?;
        let current = self.partition.is_current(generation);
        current.then_some((&mut self.partition, queue))
    }

    /// Looks at the partition if a look is due.
    pub(crate) fn look(&mut self, now_ms: u64, cursor: u64) -> Option<Question> {
        let read_to = self.queue.as_ref().map_or(cursor, Queue::read_to);
        self.partition.look(now_ms, cursor, read_to)
    }

    /// Takes the result of a look. `cursor` is the current one, which may have moved since the question.
    pub(crate) fn looked(
        &mut self,
        now_ms: u64,
        cursor: u64,
        question: &Question,
        seen: Option<&Answer>,
    ) -> Finding {
        let waits = |queue: &Queue| queue.waits_for_confirmation();
        let soon = self.queue.as_ref().is_some_and(waits);
        let finding = self.partition.looked(now_ms, cursor, question, seen, soon);
        self.loss_reported &= !matches!(finding, Finding::Whole | Finding::Cut(_));
        if let (Finding::Whole, Some(queue)) = (&finding, &mut self.queue) {
            queue.confirm_holes(question.read_to);
            if queue.waits_for_confirmation() {
                // A hole was read after the question was asked.
                self.partition.look_at_once(now_ms);
            }
        }
        finding
    }

    /// True the first time after a loss.
    pub(crate) fn report_loss(&mut self) -> bool {
        !std::mem::replace(&mut self.loss_reported, true)
    }

    /// Notes whether records wait behind the cursor; returns true if the same ones did at the last look.
    pub(crate) fn still_waiting(&mut self, question: &Question, seen: Option<&Answer>) -> bool {
        let Some(seen) = seen else {
            return false;
        };
        let before = self.waiting_at;
        self.waiting_at = (seen.offsets.end > question.cursor).then_some(question.cursor);
        before.is_some() && before == self.waiting_at
    }
}
