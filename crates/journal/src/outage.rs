//! Reports an outage once, and its end once.

use std::mem;
use std::time::{Duration, Instant};

/// The present outage, if any.
#[derive(Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    reported: bool,
}

impl Outage {
    /// Records a failure; returns the duration of the outage so far.
    pub(crate) fn failed(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.since.get_or_insert(now))
    }

    /// True once per outage, to report it.
    pub(crate) fn report(&mut self) -> bool {
        !mem::replace(&mut self.reported, true)
    }

    /// Records a success; true if that ends a reported outage.
    pub(crate) fn end(&mut self) -> bool {
        mem::take(self).reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_reported_once_and_once_when_it_ends() {
        let (mut outage, start) = (Outage::default(), Instant::now());
        let minute = Duration::from_secs(60);
        assert!(!outage.end());
        for _ in 0..2 {
            assert_eq!(outage.failed(start), Duration::ZERO);
            assert_eq!(outage.failed(start + minute), minute);
            assert!(outage.report() && !outage.report());
            assert!(outage.end() && !outage.end());
        }
    }
}
