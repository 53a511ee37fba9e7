//! Answers of the store as the wire has them.

use chain::Hash;
use proto::ledger::v1 as wire;
use proto::types::v1::{Position, Verdict};
use proto::wire::{block as header_block, from_transaction, timestamp, verdict};

use crate::store::answer::{Block, Fate, Finding, Record};

/// A block without records and raw bytes.
pub(super) fn block(block: &Block) -> wire::Block {
    wire::Block {
        reward: Some(block.paid),
        included: Some(block.included),
        rejected: Some(block.rejected),
        size_bytes: Some(block.size_bytes),
        topic_offset: Some(block.topic_offset),
        append_time: Some(timestamp(block.append_ms)),
        void_offsets: Some(block.void_offsets),
        ..header_block(
            &block.header,
            &block.header.to_bytes(),
            &block.hash,
            &block.signature,
        )
    }
}

/// What became of one offset; its bytes only if they are asked for.
pub(super) fn record(record: &Record, chain_id: &Hash, with_raw: bool) -> wire::Record {
    let (verdict, leaf_index, queue_ahead) = match record.fate {
        Fate::Pending { ahead } => (Verdict::Pending, None, Some(ahead)),
        Fate::Judged {
            verdict: of,
            leaf_index,
            ..
        } => (verdict(of), Some(leaf_index), None),
        Fate::Void { leaf_index, .. } => (Verdict::Void, Some(leaf_index), None),
    };
    let transaction = record.transaction();
    wire::Record {
        position: Some(Position {
            partition: Some(record.partition),
            offset: Some(record.offset),
        }),
        verdict: verdict.into(),
        height: record.height(),
        leaf_index,
        record_hash: record.hash.map(|hash| hash.to_string()).unwrap_or_default(),
        append_time: record.append_ms.map(timestamp),
        queue_ahead,
        transaction: transaction
            .map(|transaction| from_transaction(&transaction, &transaction.id(chain_id))),
        raw: record
            .value
            .clone()
            .filter(|_| with_raw)
            .unwrap_or_default(),
    }
}

/// A finding of the audit.
pub(super) fn finding(finding: &Finding) -> wire::AuditFinding {
    use crate::store::answer::Fault;
    use wire::audit_finding::Kind;
    let kind = match finding.fault {
        Fault::Missing => Kind::Missing,
        Fault::Replaced => Kind::Replaced,
        Fault::Invented => Kind::Invented,
        Fault::Misjudged => Kind::Misjudged,
        Fault::Unavailable => Kind::Unavailable,
    };
    let text = |hash: Option<Hash>| hash.map(|hash| hash.to_string()).unwrap_or_default();
    wire::AuditFinding {
        height: Some(finding.height),
        block_hash: finding.block_hash.to_string(),
        miner: finding
            .miner
            .map(|miner| miner.to_string())
            .unwrap_or_default(),
        kind: kind.into(),
        partition: Some(finding.partition),
        from_offset: Some(finding.from_offset),
        to_offset: Some(finding.to_offset),
        in_block: text(finding.in_block),
        in_topic: text(finding.in_topic),
    }
}
