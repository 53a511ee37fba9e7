//! Candidates that were read and not yet processed, and the choice of those to check ahead.
//!
//! ```text
//!   front                            scanned                back
//!   │ head │ on path │ loser │ on path │  not looked at yet  │
//! ```
//!
//! The *path* is a guess at the next blocks: each of its candidates names the previous one as its parent and
//! shows at least the work of genesis, so that no candidate has its signatures checked here without work.
//! A wrong guess costs time, never correctness: the rules are applied in their order at the head.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chain::block::{self, Block, Checked, Rule};
use chain::{Chain, Hash, work};
use journal::{Batch, Permit};

use super::output::{Output, Task};
use crate::check::Check;
use crate::known::Known;

/// Most candidates in check, or checked and waiting, at a time: several per core.
const AHEAD_BLOCKS: usize = 64;
/// Most bytes of these (a checked block takes about as much again): four of the largest blocks. The head is always checked.
const AHEAD_BYTES: usize = 64 * 1024 * 1024;
/// Most candidates that are framed ahead: the header of each is kept, and may be larger than its record.
const AHEAD_CANDIDATES: usize = 4096;

/// One record of the topic, until it is accepted or refused.
pub(crate) struct Candidate {
    pub(crate) offset: u64,
    pub(crate) append_ms: u64,
    pub(crate) value: Bytes,
    pub(crate) headers: Vec<(String, Bytes)>,
    /// The result of framing, once it was needed.
    framed: Option<Result<Box<Block>, Rule>>,
    stage: Stage,
    /// Counts against the limits.
    ahead: bool,
    /// Returns its batch's bytes to the reader's window with the last candidate of the batch.
    _permit: Option<Permit>,
}

/// The progress of a candidate's stateless check.
enum Stage {
    Waiting,
    Checking,
    Done(Result<Box<Block<Checked>>, Rule>),
}

/// The known state of the head's body.
pub(crate) enum Body {
    Unknown,
    Checking,
    Good(Box<Block<Checked>>),
    Bad(Rule),
}

impl Candidate {
    /// The result of framing, which is the same on every chain.
    pub(crate) fn framed(&mut self) -> Result<&Block, Rule> {
        let frame = || block::frame(self.value.clone()).map(Box::new);
        let framed = self.framed.get_or_insert_with(frame);
        framed.as_deref().map_err(|rule| *rule)
    }

    /// Its block, or the first rule up to those of framing that it breaks.
    pub(crate) fn block(&mut self, chain: &Chain) -> Result<&Block, Rule> {
        chain.check_value(&self.value)?;
        self.framed()
    }

    /// Takes the outcome of the check. A block with signatures taken on trust counts only as long as they are trusted;
    /// a broken rule counts without any signature.
    pub(crate) fn take(&mut self, trusting: bool) -> Body {
        match std::mem::replace(&mut self.stage, Stage::Waiting) {
            Stage::Waiting => Body::Unknown,
            Stage::Checking => {
                self.stage = Stage::Checking;
                Body::Checking
            }
            Stage::Done(Ok(block)) if block.is_assumed() && !trusting => Body::Unknown,
            Stage::Done(Ok(block)) => Body::Good(block),
            Stage::Done(Err(rule)) => Body::Bad(rule),
        }
    }
}

/// The trust that current checks rest upon.
pub(crate) struct Trust {
    pub(crate) generation: u64,
    pub(crate) known: Arc<Known>,
    /// The trusted block, until it is reached.
    pub(crate) assume: Option<Hash>,
}

/// The candidates in offset order.
#[derive(Default)]
pub(crate) struct Queue {
    candidates: VecDeque<Candidate>,
    /// Candidates from the front on that the path has passed.
    scanned: usize,
    /// The last block of the path; `None`: the path starts again at the tip.
    path: Option<Path>,
    ahead_blocks: usize,
    ahead_bytes: usize,
}

#[derive(Clone, Copy)]
struct Path {
    hash: Hash,
    /// True if the trusted block is still ahead of the path, so that signatures need not be checked.
    assume: bool,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn extend(&mut self, batch: Batch) {
        let permit = batch.permit;
        self.candidates
            .extend(batch.records.into_iter().map(|record| Candidate {
                offset: record.offset,
                append_ms: record.append_ms,
                value: record.value,
                headers: record.headers,
                framed: None,
                stage: Stage::Waiting,
                ahead: false,
                _permit: permit.clone(),
            }));
    }

    pub(crate) fn head(&mut self) -> Option<&mut Candidate> {
        self.candidates.front_mut()
    }

    /// Takes the result of a check. It is dropped if the candidate is gone.
    pub(crate) fn resolve(&mut self, offset: u64, result: Result<Box<Block<Checked>>, Rule>) {
        let Ok(at) = self
            .candidates
            .binary_search_by_key(&offset, |candidate| candidate.offset)
        else {
            return;
        };
        let candidate = &mut self.candidates[at];
        if matches!(candidate.stage, Stage::Checking) {
            candidate.stage = Stage::Done(result);
        }
    }

    /// Has the head checked, which extends the tip: the path continues from it.
    pub(crate) fn check_head(&mut self, block: Block, chain: &Chain, trust: &Trust) -> Check {
        let assume = trust.assume.is_some();
        if !self.candidates.front().is_some_and(|head| head.ahead) {
            self.scanned = 1;
            self.path = Some(Path {
                hash: block.hash(),
                assume: assume && trust.assume != Some(block.hash()),
            });
        }
        self.dispatch(0, block, assume, chain, trust)
    }

    /// Has the candidates on the path checked, up to the limits.
    pub(crate) fn check_ahead(&mut self, chain: &Chain, trust: &Trust, out: &mut Vec<Output>) {
        let mut path = self.path.unwrap_or(Path {
            hash: chain.tip().hash,
            assume: trust.assume.is_some(),
        });
        while self.scanned < AHEAD_CANDIDATES
            && let Some(candidate) = self.candidates.get_mut(self.scanned)
        {
            let full = self.ahead_blocks >= AHEAD_BLOCKS
                || self.ahead_bytes.saturating_add(candidate.value.len()) > AHEAD_BYTES;
            if full && !candidate.ahead {
                break;
            }
            let waiting = matches!(candidate.stage, Stage::Waiting);
            if let Some(block) = follows(chain, candidate, path.hash) {
                let hash = block.hash();
                if waiting {
                    let block = block.clone();
                    let check = self.dispatch(self.scanned, block, path.assume, chain, trust);
                    out.push(Output::Task(Task::Check(Box::new(check))));
                }
                path = Path {
                    hash,
                    assume: path.assume && trust.assume != Some(hash),
                };
            }
            self.scanned += 1;
            self.path = Some(path);
        }
    }

    fn dispatch(
        &mut self,
        at: usize,
        block: Block,
        assume: bool,
        chain: &Chain,
        trust: &Trust,
    ) -> Check {
        let candidate = &mut self.candidates[at];
        candidate.stage = Stage::Checking;
        if !candidate.ahead {
            candidate.ahead = true;
            self.ahead_blocks += 1;
            self.ahead_bytes += candidate.value.len();
        }
        Check {
            generation: trust.generation,
            offset: candidate.offset,
            block,
            rules: chain.rules().clone(),
            known: trust.known.clone(),
            assume,
        }
    }

    /// Removes the processed head.
    pub(crate) fn pop(&mut self, accepted: bool) -> Option<Candidate> {
        let head = self.candidates.pop_front()?;
        self.scanned = self.scanned.saturating_sub(1);
        if head.ahead {
            self.ahead_blocks -= 1;
            self.ahead_bytes -= head.value.len();
            if !accepted {
                // The guess was wrong from here on.
                self.scanned = 0;
                self.path = None;
            }
        }
        Some(head)
    }
}

/// The candidate's block, if it may follow the block `parent`.
fn follows<'a>(chain: &Chain, candidate: &'a mut Candidate, parent: Hash) -> Option<&'a Block> {
    let block = candidate.block(chain).ok()?;
    let worked = work::meets(&block.hash(), chain.rules().genesis.bits);
    (worked && block.header().previous_hash == parent).then_some(block)
}
