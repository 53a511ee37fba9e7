//! The transactions that a stream must send again before it can continue: a client that pipelines has sent more by the time
//! it learns that one was given up.

use std::collections::BTreeMap;

use super::senders::Key;

/// Barriers at once, over all streams; beyond, the oldest stream's is dropped, and its later transactions may overtake.
const MOST: usize = 65_536;

/// By stream and sender: the lowest nonce that was given up there and has not come again.
#[derive(Debug, Default)]
pub(super) struct Barriers(BTreeMap<(u64, Key), u64>);

impl Barriers {
    /// Notes that a transaction of the stream was given up.
    pub(super) fn raise(&mut self, stream: u64, key: &Key, nonce: u64) {
        let lowest = self.0.entry((stream, key.clone())).or_insert(nonce);
        *lowest = nonce.min(*lowest);
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// The nonce that must come before this one.
    pub(super) fn before(&self, stream: Option<u64>, key: &Key, nonce: Option<u64>) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        let first = *self.0.get(&(stream?, key.clone()))?;
        nonce.is_none_or(|nonce| nonce > first).then_some(first)
    }

    /// Notes that the missing transaction has come, or an earlier one.
    pub(super) fn lower(&mut self, stream: Option<u64>, key: &Key) {
        if let Some(stream) = stream
            && !self.0.is_empty()
        {
            self.0.remove(&(stream, key.clone()));
        }
    }

    /// Removes the barriers of a stream that has ended.
    pub(super) fn close(&mut self, stream: u64) {
        let theirs = (stream, Key::default())..(stream + 1, Key::default());
        let theirs: Vec<_> = self.0.range(theirs).map(|(at, _)| at.clone()).collect();
        for at in theirs {
            self.0.remove(&at);
        }
    }
}
