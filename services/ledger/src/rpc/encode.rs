//! Translates answers of the index into wire messages.

use chain::Account;
use chain::effects::Kind;
use proto::ledger::v1 as wire;
use proto::types::v1 as types;
use proto::wire::timestamp;

use crate::index::View;
use crate::model::answer::{
    AccountState, Audit, Block, Bucket, Candidate, Fate, Fault, Finding, Match, Miner, Record,
};

/// The tip of a view.
pub fn tip(view: &View) -> Option<wire::Tip> {
    Some(proto::wire::tip(view.tip()))
}

/// A block without records.
pub fn block(block: &Block) -> wire::Block {
    let header = &block.header;
    wire::Block {
        reward: Some(block.paid),
        included: Some(block.included),
        rejected: Some(block.rejected),
        void_offsets: Some(block.void_offsets),
        size_bytes: Some(block.size_bytes),
        topic_offset: Some(block.topic_offset),
        append_time: Some(timestamp(block.append_ms)),
        ..proto::wire::block(header, &header.to_bytes(), &block.hash, &block.signature)
    }
}

/// The fate of one offset; the record itself only `with_raw`.
pub fn record(record: &Record, with_raw: bool) -> wire::Record {
    let (verdict, leaf_index, queue_ahead) = match record.fate {
        Fate::Pending { ahead } => (types::Verdict::Pending, None, Some(ahead)),
        Fate::Void { leaf_index, .. } => (types::Verdict::Void, Some(leaf_index), None),
        Fate::Judged {
            verdict,
            leaf_index,
            ..
        } => (proto::wire::verdict(verdict), Some(leaf_index), None),
    };
    let raw = record.value.as_ref().filter(|_| with_raw);
    wire::Record {
        position: Some(types::Position {
            partition: Some(record.partition),
            offset: Some(record.offset),
        }),
        verdict: verdict.into(),
        height: record.height(),
        leaf_index,
        record_hash: text(record.hash.as_ref()),
        append_time: record.append_ms.map(timestamp),
        queue_ahead,
        transaction: (record.transaction.as_ref())
            .map(|found| proto::wire::from_transaction(&found.transaction, found.id)),
        raw: raw.cloned().unwrap_or_default(),
    }
}

/// An account as of some height.
pub fn account(account: &Account, state: &AccountState) -> wire::Account {
    wire::Account {
        account: account.to_string(),
        balance: Some(state.balance),
        nonce: Some(state.nonce),
        entries: Some(state.entries),
        last_leaf_index: state.last_leaf,
    }
}

/// The cause of an entry.
pub fn kind(kind: Kind) -> wire::account_entry::Kind {
    match kind {
        Kind::Allocation => wire::account_entry::Kind::Allocation,
        Kind::Reward => wire::account_entry::Kind::Reward,
        Kind::Sent => wire::account_entry::Kind::Sent,
        Kind::Received => wire::account_entry::Kind::Received,
    }
}

/// The progress of the audit.
pub fn audit(audit: &Audit) -> wire::AuditState {
    wire::AuditState {
        checked_height: audit.checked_height,
        findings: Some(audit.findings),
        latest: audit.latest.as_ref().map(finding),
    }
}

/// One finding of the audit.
pub fn finding(finding: &Finding) -> wire::AuditFinding {
    use wire::audit_finding::Kind;
    let kind = match finding.fault {
        Fault::Missing => Kind::Missing,
        Fault::Replaced => Kind::Replaced,
        Fault::Invented => Kind::Invented,
        Fault::Misjudged => Kind::Misjudged,
        Fault::Unavailable => Kind::Unavailable,
    };
    wire::AuditFinding {
        height: Some(finding.height),
        block_hash: finding.block_hash.to_string(),
        miner: text(finding.miner.as_ref()),
        kind: kind.into(),
        partition: Some(finding.partition),
        from_offset: Some(finding.from_offset),
        to_offset: Some(finding.to_offset),
        in_block: text(finding.in_block.as_ref()),
        in_topic: text(finding.in_topic.as_ref()),
    }
}

/// A candidate that did not become a block.
pub fn candidate(candidate: &Candidate) -> wire::Candidate {
    wire::Candidate {
        topic_offset: Some(candidate.topic_offset),
        hash: text(candidate.hash.as_ref()),
        height: candidate.height,
        miner: text(candidate.miner.as_ref()),
        reason: candidate.reason.clone(),
        append_time: Some(timestamp(candidate.append_ms)),
    }
}

/// A miner that won.
pub fn miner(miner: &Miner) -> wire::Miner {
    wire::Miner {
        account: miner.account.to_string(),
        blocks: Some(miner.blocks),
        rewards: Some(miner.rewards),
        first_height: Some(miner.first_height),
        last_height: Some(miner.last_height),
    }
}

/// An item found by prefix.
pub fn found(found: &Match) -> wire::find_by_prefix_response::Match {
    use wire::find_by_prefix_response::r#match::Match as Wire;
    let found = match found {
        Match::Transaction(id) => Wire::TransactionId(id.to_string()),
        Match::Block(hash) => Wire::BlockHash(hash.to_string()),
        Match::Candidate(hash) => Wire::CandidateHash(hash.to_string()),
    };
    wire::find_by_prefix_response::Match {
        r#match: Some(found),
    }
}

/// An interval of a chart.
pub fn bucket(bucket: &Bucket) -> wire::Bucket {
    // Without measurements there is no latency, not one of 0.
    let measured = bucket.latencies > 0;
    wire::Bucket {
        start_time: Some(timestamp(bucket.start_ms)),
        blocks: Some(bucket.blocks),
        included: Some(bucket.included),
        rejected: Some(bucket.rejected),
        stale: Some(bucket.stale),
        bytes: Some(bucket.bytes),
        work: Some(bucket.work),
        latency_mean_ms: measured.then(|| bucket.latency_sum_ms as f64 / bucket.latencies as f64),
        latency_max_ms: measured.then_some(bucket.latency_max_ms),
    }
}

/// Text of an optional value: empty if absent.
pub fn text(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
