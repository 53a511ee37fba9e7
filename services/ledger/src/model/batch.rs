//! Batches that the core hands to the index.

use std::sync::Arc;

use bytes::Bytes;
use chain::{Accepted, Hash};
use follow::Refused;
use follow::audit::Fault;

use super::answer::Finding;
use super::state::State;

/// Approximate bytes of the rows of a refused candidate.
const REFUSED_BYTES: usize = 256;

/// Bytes of blocks from which a batch is written as tables, even outside of a replay.
pub const TABLE_BYTES: usize = 6 << 20;

/// The content of one atomic write.
#[derive(Debug, Default)]
pub struct Batch {
    /// Accepted blocks, in order; the first is the child of the index's tip.
    blocks: Vec<Applied>,
    /// Bytes of their values, kept as a sum: it is needed with every input, in batches of thousands of blocks.
    block_bytes: usize,
    /// Refused candidates, in order.
    pub refused: Vec<Refused>,
    /// Audit results for blocks that are in the index or in this batch.
    pub audited: Vec<Audited>,
    /// Findings about records that the topic has lost since they were compared.
    pub lost: Vec<Finding>,
    /// True if it belongs to a replay: the ledger had not caught up when the batch began.
    pub replay: bool,
    /// State of the index after this batch; `None` while there is no block 0 (then the batch is empty).
    pub state: Option<State>,
}

/// A block and the offset of its record on `blockchain`.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The block and its effects.
    pub accepted: Arc<Accepted>,
    /// Offset of its record.
    pub topic_offset: u64,
    /// Trace contexts of transactions in the block, for the spans that end their traces; empty for blocks read again.
    pub headers: Vec<(String, Bytes)>,
}

/// The topic's side of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// First leaf of the block. Slot `i` below is the leaf `first_leaf + 1 + i`.
    pub first_leaf: u64,
    /// Append time of the block.
    pub block_ms: u64,
    /// Append time of each record of the block, by slot; `None` for holes and records that the topic no longer holds.
    pub append_ms: Vec<Option<u64>>,
    /// Trace ids, by slot.
    pub traces: Vec<(u32, [u8; 16])>,
    /// Disagreements of block and topic.
    pub findings: Vec<Finding>,
    /// Transactions that the topic holds and the block left out: id, partition, offset.
    pub omitted: Vec<(Hash, u32, u64)>,
}

impl Audited {
    /// True if the block differs from what the topic held.
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

    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.is_audit() && self.audited.is_empty() && self.lost.is_empty()
    }

    /// True if there are audit results only.
    pub fn is_audit(&self) -> bool {
        self.blocks.is_empty() && self.refused.is_empty()
    }

    /// Approximate size in bytes.
    pub fn bytes(&self) -> usize {
        self.block_bytes + self.refused.len() * REFUSED_BYTES
    }
}
