//! Stopping of waits, and the pauses between attempts.

use std::time::Duration;

use journal::Backoff;

/// Waits at most this long; true once the caller must stop. With zero it only polls.
pub type Stop<'a> = &'a dyn Fn(Duration) -> bool;

/// The pauses between attempts to reach a journal or a disk.
pub const fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(100), Duration::from_secs(2))
}
