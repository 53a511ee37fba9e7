//! The block in the making, from its assembly until it is read back.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chain::{Hash, Template};
use journal::{AppendError, Appended};

/// Proposals remembered, to recognize our own among the candidates: far more than can be in flight at once.
const PROPOSALS: usize = 256;
/// Longest wait for the outcome of an append before the block is proposed again.
const OUTCOME_MS: u64 = 60_000;
/// Longest wait, after its append, for a block to be read back before it is proposed again.
const READ_BACK_MS: u64 = 5_000;
/// Pause after an append that found the queue full.
const FULL_MS: u64 = 50;
/// First and longest pause after an append that failed.
const RETRY_MS: (u64, u64) = (250, 5_000);
/// Pause after an append that cannot succeed until an operator changes something.
const TERMINAL_MS: u64 = 10_000;

/// A block in the making.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) id: u64,
    pub(crate) template: Arc<Template>,
    /// The trace contexts of its records, as many as a block carries.
    pub(crate) traces: Vec<(String, Bytes)>,
    pub(crate) begun_ms: u64,
    /// Tries of its seal, once it is sealed.
    pub(crate) tries: u64,
    pub(crate) stage: Stage,
}

/// The progress of an attempt.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The shell searches the nonce.
    Sealing,
    /// It is appended, or about to be; only reading it back proves it.
    Proposed(Proposal),
}

/// A sealed block that has not been read back.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) hash: Hash,
    pub(crate) value: Bytes,
    /// Its offset, if the journal reported one.
    pub(crate) offset: Option<u64>,
    /// Time of the next proposal. A surplus copy is refused as STALE, so another one is always safe.
    pub(crate) again_at_ms: u64,
    /// Number of appends so far.
    times: u32,
    /// It is due, and waits until a topic has been looked at.
    pub(crate) waits: bool,
    failures: u32,
}

impl Proposal {
    /// Creates a proposal that is due at once.
    pub(crate) fn new(now_ms: u64, hash: Hash, value: Bytes) -> Proposal {
        Proposal {
            hash,
            value,
            offset: None,
            again_at_ms: now_ms,
            times: 0,
            waits: false,
            failures: 0,
        }
    }

    /// Notes an append.
    pub(crate) fn proposed(&mut self, now_ms: u64) {
        self.times += 1;
        self.again_at_ms = now_ms + OUTCOME_MS;
    }

    /// True if it was appended before.
    pub(crate) fn is_repeated(&self) -> bool {
        self.times > 0
    }

    /// Takes the outcome of an append.
    pub(crate) fn appended(&mut self, now_ms: u64, result: &Result<Appended, AppendError>) {
        let pause_ms = match result {
            Ok(appended) => {
                self.failures = 0;
                self.offset = appended.offset;
                READ_BACK_MS
            }
            // It may have been appended: reading it back decides first.
            Err(AppendError::Unknown(_)) => READ_BACK_MS,
            Err(AppendError::Full) => FULL_MS,
            Err(AppendError::Terminal(_)) => TERMINAL_MS,
            Err(AppendError::Retryable(_)) => {
                self.failures += 1;
                (RETRY_MS.0 << self.failures.min(5)).min(RETRY_MS.1)
            }
        };
        self.again_at_ms = now_ms + pause_ms;
    }

    /// True if a refused candidate with its hash can be it: any sender can put another body under the same header.
    pub(crate) fn is_at(&self, offset: u64) -> bool {
        self.offset.is_none_or(|ours| ours == offset)
    }
}

/// Hashes of recent proposals, and which of them are on the chain.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    recent: VecDeque<(Hash, bool)>,
}

impl Proposals {
    pub(crate) fn add(&mut self, hash: Hash) {
        if self.recent.len() == PROPOSALS {
            self.recent.pop_front();
        }
        self.recent.push_back((hash, false));
    }

    /// Takes a block of the chain; returns true if it is one of ours.
    pub(crate) fn won(&mut self, hash: &Hash) -> bool {
        let ours = self.recent.iter_mut().rev().find(|(own, _)| own == hash);
        ours.map(|(_, won)| *won = true).is_some()
    }

    /// Takes a candidate refused as STALE; returns true, once, if it is one of ours and not a copy of a block that won.
    pub(crate) fn lost(&mut self, hash: &Hash) -> bool {
        let Some(at) = self.recent.iter().position(|(own, _)| own == hash) else {
            return false;
        };
        let won = self.recent[at].1;
        if !won {
            self.recent.remove(at);
        }
        !won
    }
}
