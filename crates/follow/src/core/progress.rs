//! The distance to the end of the topic, reported without flapping.

use super::output::Output;
use crate::event::{Event, Lag};

/// A core that is behind for less than this still counts as caught up: every new block makes it lag for a moment.
const GRACE_MS: u64 = 3_000;
/// Interval of [`Event::Behind`] while catching up.
const REPORT_EVERY_MS: u64 = 1_000;

#[derive(Default)]
pub(crate) struct Progress {
    /// End of the topic as last known.
    pub(crate) end: u64,
    caught_up: bool,
    unavailable: bool,
    /// Time since which there has been work.
    behind_since_ms: Option<u64>,
    reported_ms: Option<u64>,
}

impl Progress {
    pub(crate) fn lag(&self, next_offset: u64) -> Lag {
        Lag {
            next_offset,
            end: self.end.max(next_offset),
        }
    }

    pub(crate) fn caught_up(&self) -> bool {
        self.caught_up
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        self.unavailable
    }

    pub(crate) fn unavailable(&mut self, why: String, out: &mut Vec<Output>) {
        if !self.unavailable {
            self.unavailable = true;
            out.push(Output::Event(Event::Unavailable(why)));
        }
    }

    pub(crate) fn available(&mut self, out: &mut Vec<Output>) {
        if self.unavailable {
            self.unavailable = false;
            out.push(Output::Event(Event::Available));
        }
    }

    pub(crate) fn report(&mut self, now_ms: u64, lag: Lag, at_end: bool, out: &mut Vec<Output>) {
        if at_end {
            self.behind_since_ms = None;
            self.reported_ms = None;
            if !self.caught_up {
                self.caught_up = true;
                out.push(Output::Event(Event::CaughtUp(lag)));
            }
            return;
        }
        let since = *self.behind_since_ms.get_or_insert(now_ms);
        if self.caught_up && now_ms.saturating_sub(since) < GRACE_MS {
            return;
        }
        self.caught_up = false;
        if self
            .reported_ms
            .is_none_or(|last| now_ms.saturating_sub(last) >= REPORT_EVERY_MS)
        {
            self.reported_ms = Some(now_ms);
            out.push(Output::Event(Event::Behind(lag)));
        }
    }
}
