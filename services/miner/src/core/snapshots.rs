//! Snapshots of the chain's state for the next start.

use super::output::Output;

/// Time from the start to the first snapshot.
const FIRST_MS: u64 = 5_000;
/// Interval between snapshots.
const EVERY_MS: u64 = 30_000;

/// The next snapshot, and the last one.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// `None`: none is kept.
    pub(super) due_ms: Option<u64>,
    /// The follower's position at the last one.
    kept_offset: u64,
}

impl Snapshots {
    /// Begins to keep snapshots.
    pub(super) fn from(now_ms: u64) -> Snapshots {
        Snapshots {
            due_ms: Some(now_ms + FIRST_MS),
            kept_offset: 0,
        }
    }

    pub(super) fn keep_when_due(
        &mut self,
        now_ms: u64,
        follow: &follow::Core,
        out: &mut Vec<Output>,
    ) {
        if self.due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            self.keep(now_ms, follow, out);
        }
    }

    /// Writes a snapshot if snapshots are kept and there is news.
    pub(super) fn keep(&mut self, now_ms: u64, follow: &follow::Core, out: &mut Vec<Output>) {
        let Some(due_ms) = &mut self.due_ms else {
            return;
        };
        *due_ms = now_ms + EVERY_MS;
        let offset = follow.next_offset();
        if offset == self.kept_offset {
            return;
        }
        if let Some(snapshot) = follow.snapshot() {
            self.kept_offset = offset;
            out.push(Output::Keep(snapshot));
        }
    }
}
