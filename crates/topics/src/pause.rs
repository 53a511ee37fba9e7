//! Pauses between tries.

use std::thread;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// How soon a pause notices that it is to stop.
const STEP: Duration = Duration::from_millis(50);

/// Growing pauses between tries.
pub struct Pause {
    next: Duration,
}

impl Default for Pause {
    fn default() -> Pause {
        Pause { next: FIRST }
    }
}

impl Pause {
    /// Sleeps, each time longer, until `stopped`. Half of it is random, so that many processes do not come back at once.
    pub fn take(&mut self, stopped: &dyn Fn() -> bool) {
        let time = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        rest(time, stopped);
    }
}

/// Sleeps until `stopped`.
pub(crate) fn rest(mut time: Duration, stopped: &dyn Fn() -> bool) {
    while !time.is_zero() && !stopped() {
        let step = time.min(STEP);
        thread::sleep(step);
        time -= step;
    }
}
