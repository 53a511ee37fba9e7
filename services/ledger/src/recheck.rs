//! After a loss: finds the records of compared blocks that are gone from the topic.
//!
//! A topic loses its end only. So the records of the index are compared with the topic from the newest downwards, in
//! growing steps, until one is still there; all above it are compared one by one. A difference is no fault of a
//! miner: this ledger had seen the record in the topic.

use std::ops::Range;

use follow::audit::Fault;
use follow::partition::Mark;

use crate::index::{Error, View};
use crate::model::answer::{Fate, Finding, Record};

/// Offsets compared at once.
const STRIDE: u64 = 4_096;

/// Reads the records of one partition of the topic, in order.
pub trait Topic {
    /// A failure to read.
    type Error: From<Error>;

    /// The records that there are in a range of offsets.
    fn records(&self, offsets: Range<u64>) -> Result<Vec<Mark>, Self::Error>;
}

/// The last record of a block below an offset that was compared with the topic. `None`: no recent one.
pub fn last_compared(view: &View, partition: u32, below: u64) -> Result<Option<Mark>, Error> {
    let from = below.saturating_sub(STRIDE);
    let records = view.records(partition, from..below, STRIDE as usize)?;
    Ok(records.iter().rev().find_map(compared))
}

/// Findings for records of blocks, from `start` (the topic's beginning) up to `below` (the end of the audit), that the
/// topic has lost. Known findings are left out. The caller numbers them.
pub fn recheck<T: Topic>(
    view: &View,
    partition: u32,
    start: u64,
    below: u64,
    topic: &T,
) -> Result<Vec<Finding>, T::Error> {
    let known = view.findings(0, usize::MAX)?;
    let known: Vec<_> = known
        .into_iter()
        .filter(|finding| finding.partition == partition)
        .collect();
    let mut found: Vec<Finding> = Vec::new();
    let mut at = divergence(view, partition, start, below, topic)?;
    while at < below {
        let to = below.min(at + STRIDE);
        let held = topic.records(at..to)?;
        let mut held = held.iter().peekable();
        for record in view.records(partition, at..to, STRIDE as usize)? {
            let now = held.next_if(|mark| mark.offset == record.offset);
            let is_known = |finding: &Finding| {
                (finding.from_offset..finding.to_offset).contains(&record.offset)
            };
            if !is_lost(&record, now) || known.iter().any(is_known) {
                continue;
            }
            add(view, &record, now, &mut found)?;
        }
        at = to;
    }
    Ok(found)
}

/// The offset from which on the topic may differ from what was compared: the record below is still there.
fn divergence<T: Topic>(
    view: &View,
    partition: u32,
    start: u64,
    below: u64,
    topic: &T,
) -> Result<u64, T::Error> {
    let (mut from, mut step) = (below, 1);
    while from > start {
        let probe = from - 1;
        let record = view.records(partition, probe..probe + 1, 1)?.pop();
        if let Some(mark) = record.as_ref().and_then(compared)
            && topic.records(probe..probe + 1)?.contains(&mark)
        {
            break;
        }
        from = from.saturating_sub(step).max(start);
        step *= 2;
    }
    Ok(from)
}

/// The mark of a block's record that was compared with the topic.
fn compared(record: &Record) -> Option<Mark> {
    let Fate::Judged { .. } = record.fate else {
        return None;
    };
    Some(Mark {
        offset: record.offset,
        append_ms: record.append_ms?,
        hash: record.hash?,
    })
}

/// True if the topic no longer agrees with the block at an offset.
fn is_lost(record: &Record, now: Option<&Mark>) -> bool {
    match record.fate {
        Fate::Pending { .. } => false,
        Fate::Void { .. } => now.is_some(),
        Fate::Judged { .. } => now.map(|mark| mark.hash) != record.hash,
    }
}

/// Adds a finding, or extends the last one.
fn add(
    view: &View,
    record: &Record,
    now: Option<&Mark>,
    found: &mut Vec<Finding>,
) -> Result<(), Error> {
    let Some(height) = record.height() else {
        return Ok(());
    };
    if let Some(last) = found.last_mut()
        && (last.height, last.to_offset) == (height, record.offset)
    {
        last.to_offset += 1;
        return Ok(());
    }
    let block = view
        .block(height)?
        .ok_or(Error::Damaged("a record is of a block above the tip"))?;
    found.push(Finding {
        number: 0,
        height,
        block_hash: block.hash,
        miner: block.header.miner,
        fault: Fault::Unavailable,
        partition: record.partition,
        from_offset: record.offset,
        to_offset: record.offset + 1,
        in_block: record.hash,
        in_topic: now.map(|mark| mark.hash),
    });
    Ok(())
}
