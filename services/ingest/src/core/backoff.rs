//! Pauses before the next append to a failing partition.

/// Pause after the first failure.
const FIRST_MS: u64 = 20;
/// Longest pause, so the longest time until a recovery is noticed.
const LONGEST_MS: u64 = 1_000;
/// Pause after a full queue, which empties at the speed of the journal.
pub(super) const FULL_MS: u64 = 2;

/// Pause after `failures` failures in a row.
pub(super) fn pause_ms(failures: u32) -> u64 {
    (FIRST_MS << failures.saturating_sub(1).min(16)).min(LONGEST_MS)
}
