//! The end: no new work is begun, and a block in flight gets a moment to arrive.

use super::attempt::Stage;
use super::output::{End, Note, Output};
use super::{Attempt, Core, Ending};

/// Longest wait for the outcome of an append.
const IN_FLIGHT_MS: u64 = 3_000;

impl Core {
    pub(super) fn give_up(&mut self, now_ms: u64, why: impl Into<End>, out: &mut Vec<Output>) {
        self.end(now_ms, Err(why.into()), out);
    }

    /// Begins the end. The first reason counts.
    pub(super) fn end(&mut self, now_ms: u64, why: Result<(), End>, out: &mut Vec<Output>) {
        if self.ending.is_some() {
            return;
        }
        let is_sealing = |attempt: &Attempt| matches!(attempt.stage, Stage::Sealing);
        if self.attempt.as_ref().is_some_and(is_sealing) {
            self.drop_attempt(out);
        }
        self.snapshots.keep(now_ms, &self.follow, out);
        self.ending = Some(Ending::Waiting {
            why,
            until_ms: now_ms + IN_FLIGHT_MS,
        });
    }

    pub(super) fn end_when_settled(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        let is_late = ending.wake_ms().is_some_and(|until_ms| until_ms <= now_ms);
        if self.in_flight > 0 && !is_late {
            return;
        }
        if let Ending::Waiting { why, .. } = std::mem::replace(ending, Ending::Over) {
            if self.in_flight > 0 {
                out.push(Output::Note(Note::InFlight));
            }
            out.push(Output::End(why));
        }
    }
}
