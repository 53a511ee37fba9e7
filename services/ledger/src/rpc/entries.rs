//! Entries of an account as wire messages, with their times and records.

use proto::ledger::v1::AccountEntry;
use proto::wire::timestamp;

use super::{ask, encode};
use crate::index::View;
use crate::model::answer::Entry;
use crate::problem::Problem;

/// Encodes entries.
pub fn encode(view: &View, entries: &[Entry]) -> Result<Vec<AccountEntry>, Problem> {
    let mut leaves = view.leaves();
    // Consecutive entries often share a block.
    let mut last: Option<(u64, u64)> = None;
    let mut encoded = Vec::with_capacity(entries.len());
    for entry in entries {
        let time_ms = match last {
            Some((height, time_ms)) if height == entry.height => time_ms,
            _ => {
                ask::block(view, "height", entry.height)?
                    .header
                    .timestamp_ms
            }
        };
        last = Some((entry.height, time_ms));
        let record = leaves.record(entry.leaf_index)?;
        encoded.push(AccountEntry {
            sequence: Some(entry.sequence),
            leaf_index: Some(entry.leaf_index),
            height: Some(entry.height),
            timestamp: Some(timestamp(time_ms)),
            change: Some(clamp(entry.change)),
            balance: Some(entry.balance),
            record: record.map(|record| encode::record(&record, false)),
            kind: encode::kind(entry.kind).into(),
        });
    }
    Ok(encoded)
}

/// Balances fit 64 bits. A change that does not is shown as the extreme.
fn clamp(change: i128) -> i64 {
    i64::try_from(change).unwrap_or(if change < 0 { i64::MIN } else { i64::MAX })
}
