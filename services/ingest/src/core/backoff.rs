//! How long to wait before the log is asked again.

/// Pause after the first failure.
const FIRST_MS: u64 = 20;
/// Longest pause: a log that heals is noticed within it.
const LONGEST_MS: u64 = 1_000;
/// Pause after a full queue, which empties as fast as the log appends.
pub(super) const FULL_MS: u64 = 2;

/// The pause after `failures` failures in a row.
pub(super) fn pause_ms(failures: u32) -> u64 {
    (FIRST_MS << failures.saturating_sub(1).min(16)).min(LONGEST_MS)
}
