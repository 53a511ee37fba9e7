//! How those who wait are stopped, and how long they wait between tries.

use std::time::Duration;

use journal::Backoff;

/// Waits this long at most; true once the caller is to stop. Given zero it only answers.
pub type Stop<'a> = &'a dyn Fn(Duration) -> bool;

/// The pauses of all who try again to reach a journal or a disk.
pub const fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(100), Duration::from_secs(2))
}
