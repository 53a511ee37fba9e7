//! The heavy part of judging a candidate: body, hashes and signatures. It needs no chain, so it runs ahead on any thread.

use std::fmt;
use std::sync::Arc;

use chain::Hash;
use chain::block::{Block, Checked, Rule, Unchecked};
use chain::genesis::Rules;
use chain::parallel::Parallel;
use chain::record::Signatures;

use crate::known::Known;

/// The stateless check of one candidate, for the shell. [`Check::run`] returns the outcome to hand back.
pub struct Check {
    pub(crate) generation: u64,
    pub(crate) offset: u64,
    pub(crate) block: Block<Unchecked>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) known: Arc<Known>,
    /// True if signatures are taken on trust.
    pub(crate) assume: bool,
}

impl Check {
    /// Bytes of the candidate: a measure of the work.
    pub fn size(&self) -> usize {
        self.block.size()
    }

    /// Does the work. `seed` must be unpredictable to the block's maker: batches of signatures are weighted by it.
    pub fn run(self, seed: [u8; 32], parallel: &dyn Parallel) -> Outcome {
        let known = |record: &Hash| self.known.contains(record);
        let signatures = if self.assume {
            Signatures::Assume
        } else {
            Signatures::Check {
                seed,
                known: &known,
            }
        };
        Outcome {
            generation: self.generation,
            offset: self.offset,
            result: self
                .block
                .check(&self.rules, signatures, parallel)
                .map(Box::new),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({} of {} bytes)", self.offset, self.size())
    }
}

/// The outcome of a [`Check`].
pub struct Outcome {
    pub(crate) generation: u64,
    pub(crate) offset: u64,
    pub(crate) result: Result<Box<Block<Checked>>, Rule>,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Outcome({}, {:?})",
            self.offset,
            self.result.as_ref().err()
        )
    }
}
