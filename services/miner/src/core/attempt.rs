//! The one block that is being made, from its assembly to reading it back.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chain::{Hash, Template};
use journal::{AppendError, Appended};

/// Proposals remembered, to tell our own among what is read: far more than can be on their way at once.
const PROPOSALS: usize = 256;
/// How long an append may stay without any outcome before the block is proposed again.
const OUTCOME_MS: u64 = 60_000;
/// How long after its append a block may stay unread before it is proposed again.
const READ_BACK_MS: u64 = 5_000;
/// Pause after an append that the full queue did not take.
const FULL_MS: u64 = 50;
/// First and longest pause after an append that failed.
const RETRY_MS: (u64, u64) = (250, 5_000);
/// Pause after an append that can only succeed when an operator has changed something.
const TERMINAL_MS: u64 = 10_000;

/// A block being made.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) id: u64,
    pub(crate) template: Arc<Template>,
    /// The trace contexts of its records, as many as a block carries.
    pub(crate) traces: Vec<(String, Bytes)>,
    pub(crate) begun_ms: u64,
    /// Tries that its work took, once it is sealed.
    pub(crate) tries: u64,
    pub(crate) stage: Stage,
}

/// How far it is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The shell looks for the nonce.
    Sealing,
    /// It is appended, or about to be; only reading it back says so.
    Proposed(Proposal),
}

/// A sealed block on its way.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) hash: Hash,
    pub(crate) value: Bytes,
    /// Where it landed, if the log said.
    pub(crate) offset: Option<u64>,
    /// When to propose it, or to propose it again. A copy too many is refused as STALE, so this is always safe.
    pub(crate) again_at_ms: u64,
    /// How often it was handed to the log.
    times: u32,
    /// It is due, and waits for a look at a log.
    pub(crate) waits: bool,
    failures: u32,
}

impl Proposal {
    /// A sealed block, which is due at once.
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

    /// It is handed to the log.
    pub(crate) fn proposed(&mut self, now_ms: u64) {
        self.times += 1;
        self.again_at_ms = now_ms + OUTCOME_MS;
    }

    /// Whether it was handed to the log before.
    pub(crate) fn is_repeated(&self) -> bool {
        self.times > 0
    }

    /// What the log said.
    pub(crate) fn appended(&mut self, now_ms: u64, result: &Result<Appended, AppendError>) {
        let pause_ms = match result {
            Ok(appended) => {
                self.failures = 0;
                self.offset = appended.offset;
                READ_BACK_MS
            }
            // It may be there: the read-back decides first.
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

    /// Whether a refused candidate with its hash can be it: anybody can put another body under the same header.
    pub(crate) fn is_at(&self, offset: u64) -> bool {
        self.offset.is_none_or(|ours| ours == offset)
    }
}

/// Hashes of the blocks proposed lately, and which of them are on the chain.
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

    /// A block is on the chain: true if it is one of ours.
    pub(crate) fn won(&mut self, hash: &Hash) -> bool {
        let ours = self.recent.iter_mut().rev().find(|(own, _)| own == hash);
        ours.map(|(_, won)| *won = true).is_some()
    }

    /// A candidate was refused as STALE: true if it is one of ours, told once, and not a copy of a block that won.
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
