//! Writes to the index, and their publication to readers.

use chain::Tip;

use super::partition::Partition;
use super::{
    AUDIT_INTERVAL_MS, Core, Output, SNAPSHOT_CANDIDATES, SNAPSHOT_INTERVAL_MS, Snapshot, Writing,
};
use crate::model::answer::{Audit as AuditState, Totals};
use crate::model::batch::TABLE_BYTES;
use crate::model::{Condition, Publication};

impl Core {
    /// Time at which the collected batch is written. It may wait where many rows at once become tables: in a replay,
    /// which readers see in large steps, and in an audit that catches up block by block.
    pub(super) fn flush_at_ms(&self) -> u64 {
        match self.live {
            false if self.collecting.bytes() < TABLE_BYTES => u64::MAX,
            true if self.collecting.is_audit() => self.flushed_ms + AUDIT_INTERVAL_MS,
            _ => 0,
        }
    }

    /// True if there is something to write.
    pub(super) fn has_batch(&self) -> bool {
        matches!(self.writing, Writing::Nothing)
            && self.head.is_some()
            && !self.collecting.is_empty()
    }

    /// Writes the collected batch, unless a write is in progress.
    pub fn flush(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if !self.has_batch() {
            return;
        }
        let Some(head) = &mut self.head else { return };
        self.flushed_ms = now_ms;
        for (audited, partition) in head.audited.iter_mut().zip(&self.partitions) {
            *audited = partition.audit.audited();
        }
        let mut batch = std::mem::take(&mut self.collecting);
        batch.state = Some(head.clone());
        self.writing = Writing::Batch(Box::new(head.clone()));
        out.push(Output::Write(Box::new(batch)));
    }

    pub(super) fn acknowledged(&mut self, out: &mut Vec<Output>) {
        let Writing::Batch(state) = std::mem::replace(&mut self.writing, Writing::Nothing) else {
            return;
        };
        self.written = Some(*state);
        self.publish(true, out);
        self.ready(out);
        let applied = self.applied_offset();
        if self
            .snapshot
            .waiting
            .as_ref()
            .is_some_and(|(needed, _)| *needed <= applied)
            && let Some((_, encoded)) = self.snapshot.waiting.take()
        {
            out.push(Output::Snapshot(Snapshot(encoded)));
        }
    }

    /// Time at which the next snapshot is due, if there is anything new to keep.
    pub(super) fn snapshot_at_ms(&self) -> Option<u64> {
        let height = self.height().filter(|_| self.follow.usable())?;
        let news = height != self.snapshot.last_height
            || self.follow.next_offset() >= self.snapshot.last_offset + SNAPSHOT_CANDIDATES;
        let may = self.resume.is_none() && self.snapshot.waiting.is_none();
        (news && may).then(|| self.snapshot.last_ms + SNAPSHOT_INTERVAL_MS)
    }

    pub(super) fn snapshot(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if self.snapshot_at_ms().is_none_or(|at_ms| now_ms < at_ms) {
            return;
        }
        let (Some(height), Some(encoded)) = (self.height(), self.follow.snapshot()) else {
            return;
        };
        let offset = self.follow.next_offset();
        (self.snapshot.last_ms, self.snapshot.last_height) = (now_ms, height);
        self.snapshot.last_offset = offset;
        match self.applied_offset() >= offset {
            true => out.push(Output::Snapshot(Snapshot(encoded))),
            false => self.snapshot.waiting = Some((offset, encoded)),
        }
    }

    /// Every candidate on `blockchain` below this offset is in the index.
    fn applied_offset(&self) -> u64 {
        self.written
            .as_ref()
            .map_or(0, |state| state.applied_offset)
    }

    /// Reports the ledger ready once readers can see everything up to where the follower caught up.
    pub(super) fn ready(&mut self, out: &mut Vec<Output>) {
        let seen = self
            .written
            .as_ref()
            .map_or(0, |state| state.applied_offset);
        if self
            .ready_at
            .is_some_and(|at| at <= seen || self.is_settled())
        {
            self.ready_at = None;
            out.push(Output::Ready(Condition::CaughtUp, Ok(())));
        }
    }

    /// Shows readers the index as written.
    pub(super) fn publish(&mut self, written: bool, out: &mut Vec<Output>) {
        let (Some(state), Some(rules)) = (
            self.written.as_ref().filter(|state| state.usable),
            &self.rules,
        ) else {
            return;
        };
        self.published_end = self.follow.lag().end.max(state.applied_offset);
        for (partition, cursor) in self.partitions.iter_mut().zip(&state.cursors) {
            partition.advance(*cursor);
        }
        out.push(Output::Publish(Box::new(Publication {
            rules: rules.clone(),
            tip: Tip::from(state.tip),
            totals: Totals {
                accounts: state.accounts,
                included: state.included,
                rejected: state.rejected,
                supply: state.supply,
                miners: state.miners.clone(),
                applied_offset: state.applied_offset,
                end_offset: self.published_end,
            },
            pending: self.partitions.iter().map(Partition::pending).collect(),
            audit: AuditState {
                checked_height: state.checked_height,
                findings: state.findings,
                latest: None,
            },
            written,
        })));
    }
}
