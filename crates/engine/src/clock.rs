//! The wall clock and the monotonic clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Wall clock: microseconds since the Unix epoch (UTC). For times that are written into records or compared with times
    /// from elsewhere. It may step in either direction.
    pub wall_us: u64,
    /// Monotonic clock: milliseconds since the engine started. For everything that waits: pauses, deadlines, intervals, and
    /// ages of what this process has seen itself.
    pub elapsed_ms: u64,
}

impl Now {
    /// The wall clock in milliseconds since the Unix epoch, as block timestamps and append times are.
    pub fn wall_ms(&self) -> u64 {
        self.wall_us / 1000
    }
}

/// Reads both clocks. Copies count from the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose monotonic side begins at 0 now.
    pub fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// The time now.
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            wall_us: wall.map_or(0, |wall| {
                u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)
            }),
            elapsed_ms: millis(self.start.elapsed()),
        }
    }

    /// The deadline of something that may take this long, on the clock of [`Now::elapsed_ms`].
    pub fn deadline_ms(&self, within: Duration) -> u64 {
        millis(self.start.elapsed() + within)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
