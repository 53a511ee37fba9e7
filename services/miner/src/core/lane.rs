//! One partition as the miner sees it: its records while it is read, and when they may be sealed.

use follow::partition::{self, Finding, Question, Seen};

use super::queue::Queue;

/// How often an own partition is looked at.
const LOOK_MS: u64 = 5_000;

/// What was read counts for so long after the topic was seen to hold it: then it is compared again before it is sealed.
/// Within this time no topic loses its end and grows again.
const FRESH_MS: u64 = 1_000;
/// How long before a block is due its records are compared, so that it need not wait.
const AHEAD_MS: u64 = 300;
/// How long a sealed block may have taken: a longer one is compared again before it is appended. More than a block that was
/// fresh when it was begun needs as a rule, less than a broker takes to start again.
const SEALED_FRESH_MS: u64 = 2_000;

const _: () = assert!(AHEAD_MS < FRESH_MS && FRESH_MS < SEALED_FRESH_MS);

/// A partition.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Pinned to this miner; others are only rescued.
    pub(crate) own: bool,
    /// Its reader, and the looks at it.
    pub(crate) partition: partition::Core,
    /// Its records, while it is read.
    pub(crate) queue: Option<Queue>,
    /// Whether what is ripe here waits until it has been compared.
    pub(crate) waits: bool,
    /// Whether its loss has been reported.
    loss_reported: bool,
    /// The cursor at the last look, if records waited behind it.
    waiting_at: Option<u64>,
}

impl Lane {
    /// An own partition: `rescue_age_ms` is none. Another one: what it takes to rescue it.
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

    /// Whether what is in the queue may be sealed at this time: the topic held it a moment before.
    pub(crate) fn is_fresh(&self, at_ms: u64) -> bool {
        self.partition.is_held(at_ms, FRESH_MS)
    }

    /// Whether a block that has been sealed may be appended.
    pub(crate) fn is_fresh_enough(&self, at_ms: u64) -> bool {
        self.partition.is_held(at_ms, SEALED_FRESH_MS)
    }

    /// Compares what is in the queue in time for a block that is due then, but not twice within a second.
    pub(crate) fn compare_by(&mut self, due_ms: u64) {
        self.partition
            .look_by(due_ms.saturating_sub(AHEAD_MS), FRESH_MS);
    }

    /// Looks at the partition if it is time to.
    pub(crate) fn look(&mut self, now_ms: u64, cursor: u64) -> Option<Question> {
        let read_to = self.queue.as_ref().map_or(cursor, Queue::read_to);
        self.partition.look(now_ms, cursor, read_to)
    }

    /// Takes what was seen. `cursor` is the one of now, which may have moved since the question.
    pub(crate) fn looked(
        &mut self,
        now_ms: u64,
        cursor: u64,
        question: &Question,
        seen: Option<&Seen>,
    ) -> Finding {
        let waits = |queue: &Queue| queue.waits_for_confirmation();
        let soon = self.queue.as_ref().is_some_and(waits);
        let finding = self.partition.looked(now_ms, cursor, question, seen, soon);
        self.loss_reported &= !matches!(finding, Finding::Whole | Finding::Cut(_));
        if let (Finding::Whole, Some(queue)) = (&finding, &mut self.queue) {
            queue.confirm_holes(question.read_to);
            if queue.waits_for_confirmation() {
                // Read after the question was asked.
                self.partition.look_at_once(now_ms);
            }
        }
        finding
    }

    /// Whether its loss is news.
    pub(crate) fn report_loss(&mut self) -> bool {
        !std::mem::replace(&mut self.loss_reported, true)
    }

    /// Notes whether records wait behind the cursor; true if the same ones did at the look before.
    pub(crate) fn still_waiting(&mut self, question: &Question, seen: Option<&Seen>) -> bool {
        let Some(seen) = seen else {
            return false;
        };
        let before = self.waiting_at;
        self.waiting_at = (seen.offsets.end > question.cursor).then_some(question.cursor);
        before.is_some() && before == self.waiting_at
    }
}
