//! The nonces that ingest chooses.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Senders remembered with nonces above the clock; beyond, those with the lowest names are dropped, and looked up again.
const MOST_AHEAD: usize = 65_536;

/// The clock in microseconds, never twice the same; for a sender ahead of the clock, its next nonce.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: u64,
    /// Last nonces above the clock, by sender.
    ahead: BTreeMap<Bytes, u64>,
}

impl Numbers {
    /// The next nonce of a sender. A sender that is ahead of the clock does not affect the others.
    pub(super) fn next(&mut self, wall_us: u64, sender: &Bytes, above: u64) -> u64 {
        self.last = wall_us.max(self.last + 1);
        let ahead = self.ahead.get(sender).copied().unwrap_or(0);
        let above = above.max(ahead);
        if above < self.last {
            if ahead > 0 {
                self.ahead.remove(sender);
            }
            return self.last;
        }
        let nonce = above.saturating_add(1);
        self.ahead.insert(sender.clone(), nonce);
        if self.ahead.len() > MOST_AHEAD {
            self.ahead.pop_first();
        }
        nonce
    }
}
