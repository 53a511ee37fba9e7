//! One partition of `transactions`: the flights that wait to be appended, and its known end.

use std::collections::BTreeSet;

use super::backoff;

/// Longest silence of a partition with appends in flight. Then nothing more is appended: waiting flights can still be
/// answered with a known outcome, those handed to the journal cannot.
const STALL_MS: u64 = 2_000;

/// The flights that wait, and until when.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// Next offset that a block must consume, as far as is known; 0 if unknown.
    pub(super) cursor: u64,
    /// The end of the partition if it lies below the cursor: no block would read what is appended there.
    pub(super) behind: Option<u64>,
    /// Tokens: they sort by submission, in whatever order the flights failed.
    waiting: BTreeSet<u64>,
    resume_ms: u64,
    failures: u32,
    /// Number of appends in flight, and the time of the last outcome.
    underway: usize,
    heard_ms: u64,
    stalled: bool,
}

impl Partition {
    /// True if the flight has to wait, because others do or because the partition has stalled.
    pub(super) fn queues(&mut self, token: u64, now_ms: u64) -> bool {
        self.look(now_ms);
        let wait = !self.waiting.is_empty() || now_ms < self.resume_ms || self.stalled;
        if wait {
            self.waiting.insert(token);
        }
        wait
    }

    /// Notes the start of an append.
    pub(super) fn launched(&mut self, now_ms: u64) {
        if self.underway == 0 {
            self.heard_ms = now_ms;
        }
        self.underway += 1;
    }

    /// Notes the outcome of an append, good or bad.
    pub(super) fn heard(&mut self, now_ms: u64) {
        self.underway = self.underway.saturating_sub(1);
        self.heard_ms = now_ms;
    }

    /// Notes a failure. Failures during one pause count as one.
    pub(super) fn failed(&mut self, now_ms: u64) {
        if self.resume_ms <= now_ms {
            self.failures = self.failures.saturating_add(1);
            self.resume_ms = now_ms + backoff::pause_ms(self.failures);
        }
    }

    /// Notes that the journal's queue is full.
    pub(super) fn full(&mut self, now_ms: u64) {
        self.resume_ms = self.resume_ms.max(now_ms + backoff::FULL_MS);
    }

    /// Notes a success.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Removes a flight that has ended.
    pub(super) fn forget(&mut self, token: u64) {
        self.waiting.remove(&token);
    }

    /// Time at which the partition resumes by itself, if flights wait.
    pub(super) fn resume_ms(&self) -> Option<u64> {
        (!self.waiting.is_empty() && !self.stalled).then_some(self.resume_ms)
    }

    /// All waiting flights, if the pause is over and the partition has not stalled.
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
