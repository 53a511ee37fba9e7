//! One partition of `transactions`: the flights that wait to be appended, and what is known of its end.

use std::collections::BTreeSet;

use super::backoff;

/// A log that has said nothing for so long, with appends in flight, is given no more: what waits here can still be
/// answered with a known outcome, and what has been handed over cannot.
const STALL_MS: u64 = 2_000;

/// Who waits, and until when.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// Next offset that a block must consume, as far as is known; 0 if nothing is.
    pub(super) cursor: u64,
    /// The end of the log if it lies below the cursor: no block would look at what is appended there.
    pub(super) behind: Option<u64>,
    /// Tokens, so in the order of submission, whatever the order in which they failed.
    waiting: BTreeSet<u64>,
    resume_ms: u64,
    failures: u32,
    /// Appends that have not completed, and when the log said something of any of them.
    underway: usize,
    heard_ms: u64,
    stalled: bool,
}

impl Partition {
    /// True if the flight has to wait: because others do, or because the log does not answer.
    pub(super) fn queues(&mut self, token: u64, now_ms: u64) -> bool {
        self.look(now_ms);
        let wait = !self.waiting.is_empty() || now_ms < self.resume_ms || self.stalled;
        if wait {
            self.waiting.insert(token);
        }
        wait
    }

    /// An append has begun.
    pub(super) fn launched(&mut self, now_ms: u64) {
        if self.underway == 0 {
            self.heard_ms = now_ms;
        }
        self.underway += 1;
    }

    /// An append has completed, one way or the other.
    pub(super) fn heard(&mut self, now_ms: u64) {
        self.underway = self.underway.saturating_sub(1);
        self.heard_ms = now_ms;
    }

    /// The log did not persist it. Failures of one pause count as one.
    pub(super) fn failed(&mut self, now_ms: u64) {
        if self.resume_ms <= now_ms {
            self.failures = self.failures.saturating_add(1);
            self.resume_ms = now_ms + backoff::pause_ms(self.failures);
        }
    }

    /// The log did not take it for now.
    pub(super) fn full(&mut self, now_ms: u64) {
        self.resume_ms = self.resume_ms.max(now_ms + backoff::FULL_MS);
    }

    /// The log appends.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The flight is over.
    pub(super) fn forget(&mut self, token: u64) {
        self.waiting.remove(&token);
    }

    /// When the partition resumes by itself, if anybody waits.
    pub(super) fn resume_ms(&self) -> Option<u64> {
        (!self.waiting.is_empty() && !self.stalled).then_some(self.resume_ms)
    }

    /// Everybody who waits, if the pause is over and the log answers.
    pub(super) fn take_due(&mut self, now_ms: u64) -> BTreeSet<u64> {
        self.look(now_ms);
        if now_ms < self.resume_ms || self.stalled {
            return BTreeSet::new();
        }
        std::mem::take(&mut self.waiting)
    }

    fn look(&mut self, now_ms: u64) {
        let silence = now_ms.saturating_sub(self.heard_ms);
        self.stalled = self.underway > 0 && silence >= STALL_MS;
    }
}
