//! What the core hands to the index to write.

use std::sync::Arc;

use bytes::Bytes;
use chain::{Accepted, Hash};
use follow::Refused;
use follow::audit::Fault;

use super::answer::Finding;
use super::state::State;

/// About what the rows of a refused candidate take.
const REFUSED_BYTES: usize = 256;

/// A batch with this many bytes of blocks is a replay, or as good as one.
pub const TABLE_BYTES: usize = 6 << 20;

/// What is to be written at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Accepted blocks, in order; the first is the child of the index's tip.
    blocks: Vec<Applied>,
    /// Of their values: asked for with every input, of batches of thousands of blocks.
    block_bytes: usize,
    /// Refused candidates, in order.
    pub refused: Vec<Refused>,
    /// What the audit found out about blocks that are in the index or in this batch.
    pub audited: Vec<Audited>,
    /// What the topic has lost of blocks that had been compared.
    pub lost: Vec<Finding>,
    /// Whether it is of a replay: the ledger had not caught up when it began.
    pub replay: bool,
    /// Where the index stands after all this; `None` while there is no block 0 (then there is nothing else either).
    pub state: Option<State>,
}

/// A block and its place on `blockchain`.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The block.
    pub accepted: Arc<Accepted>,
    /// Offset of its record.
    pub topic_offset: u64,
    /// Trace contexts of transactions in it, for the spans that end their traces; none of blocks that are read again.
    pub headers: Vec<(String, Bytes)>,
}

/// What the topic says about one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// First leaf of the block. Slot `i` below is the leaf `first_leaf + 1 + i`.
    pub first_leaf: u64,
    /// When the log took the block.
    pub block_ms: u64,
    /// When it took each record of the block: by slot; `None` for voids and what the topic no longer holds.
    pub append_ms: Vec<Option<u64>>,
    /// Trace ids, by slot.
    pub traces: Vec<(u32, [u8; 16])>,
    /// Where the two disagree.
    pub findings: Vec<Finding>,
    /// Transactions that the topic holds and the block left out: id, partition, offset.
    pub omitted: Vec<(Hash, u32, u64)>,
}

impl Audited {
    /// Whether the block is not what the topic held.
    pub fn accuses(&self) -> bool {
        let accusing = |finding: &Finding| finding.fault != Fault::Unavailable;
        self.findings.iter().any(accusing)
    }
}

impl Batch {
    /// Adds the next block.
    pub fn push(&mut self, applied: Applied) {
        self.block_bytes += applied.accepted.block.size();
        self.blocks.push(applied);
    }

    /// The accepted blocks, in order.
    pub fn blocks(&self) -> &[Applied] {
        &self.blocks
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.is_audit() && self.audited.is_empty() && self.lost.is_empty()
    }

    /// Whether there is nothing but what the audit found.
    pub fn is_audit(&self) -> bool {
        self.blocks.is_empty() && self.refused.is_empty()
    }

    /// About how many bytes it will take.
    pub fn bytes(&self) -> usize {
        self.block_bytes + self.refused.len() * REFUSED_BYTES
    }
}
