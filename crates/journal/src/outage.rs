//! An outage is reported once, and so is its end.

use std::mem;
use std::time::{Duration, Instant};

/// The outage that lasts at the moment, if one does.
#[derive(Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    reported: bool,
}

impl Outage {
    /// A try has failed; returns how long ago the first one of this outage did.
    pub(crate) fn failed(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.since.get_or_insert(now))
    }

    /// Whether this outage is to be reported now: true once.
    pub(crate) fn report(&mut self) -> bool {
        !mem::replace(&mut self.reported, true)
    }

    /// A try has succeeded; returns whether an outage ends that was reported.
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
