//! The flights of one partition that wait to be appended.

use std::collections::BTreeSet;

use super::backoff;

/// Who waits, and until when.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Next offset that a block must consume, as far as is known; 0 if nothing is.
    pub(super) cursor: u64,
    /// Tokens, so in the order of submission, whatever the order in which they failed.
    waiting: BTreeSet<u64>,
    resume_ms: u64,
    failures: u32,
}

impl Lane {
    /// True if the flight has to wait: because others do.
    pub(super) fn queues(&mut self, token: u64, now_ms: u64) -> bool {
        let wait = !self.waiting.is_empty() || now_ms < self.resume_ms;
        if wait {
            self.waiting.insert(token);
        }
        wait
    }

    /// The log did not persist it. Failures of one pause count as one.
    pub(super) fn failed(&mut self, token: u64, now_ms: u64) {
        self.waiting.insert(token);
        if self.resume_ms <= now_ms {
            self.failures = self.failures.saturating_add(1);
            self.resume_ms = now_ms + backoff::pause_ms(self.failures);
        }
    }

    /// The log did not take it for now.
    pub(super) fn full(&mut self, token: u64, now_ms: u64) {
        self.waiting.insert(token);
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

    /// When the lane wants to go on, if anybody waits.
    pub(super) fn resume_ms(&self) -> Option<u64> {
        (!self.waiting.is_empty()).then_some(self.resume_ms)
    }

    /// Everybody who waits, if the pause is over.
    pub(super) fn take_due(&mut self, now_ms: u64) -> BTreeSet<u64> {
        if now_ms < self.resume_ms {
            return BTreeSet::new();
        }
        std::mem::take(&mut self.waiting)
    }
}
