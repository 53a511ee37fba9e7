//! Where the index stands: what is on its way to it, and what readers see of it.

use chain::Tip;

use super::partition::Partition;
use super::{
    Core, Output, Publication, SNAPSHOT_CANDIDATES, SNAPSHOT_INTERVAL_MS, Snapshot, Writing,
};
use crate::store::answer::{Audit as AuditState, Totals};
use crate::store::write::TABLE_BYTES;

impl Core {
    /// Whether what has been collected may wait for more: many rows at once become tables. That is a replay, which readers
    /// see in large steps, and an audit that catches up block by block, which waits for the next tick.
    pub(super) fn may_wait(&self, tick: bool) -> bool {
        match self.live {
            false => self.collecting.bytes() < TABLE_BYTES,
            true => self.collecting.is_audit() && !tick,
        }
    }

    /// Sends what has been collected to the index, unless something is on its way already.
    pub fn flush(&mut self, out: &mut Vec<Output>) {
        let (Writing::Nothing, Some(head)) = (&self.writing, &mut self.head) else {
            return;
        };
        if self.collecting.is_empty() {
            return;
        }
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

    pub(super) fn snapshot(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let Some(height) = self
            .height()
            .filter(|_| self.resume.is_none() && self.snapshot.waiting.is_none())
        else {
            return;
        };
        let offset = self.follow.next_offset();
        let news = height != self.snapshot.last_height
            || offset >= self.snapshot.last_offset + SNAPSHOT_CANDIDATES;
        if now_ms < self.snapshot.last_ms + SNAPSHOT_INTERVAL_MS || !news {
            return;
        }
        let Some(encoded) = self.follow.snapshot() else {
            return;
        };
        (self.snapshot.last_ms, self.snapshot.last_height) = (now_ms, height);
        self.snapshot.last_offset = offset;
        match self.applied_offset() >= offset {
            true => out.push(Output::Snapshot(Snapshot(encoded))),
            false => self.snapshot.waiting = Some((offset, encoded)),
        }
    }

    /// Where the index stands on `blockchain`.
    fn applied_offset(&self) -> u64 {
        self.written
            .as_ref()
            .map_or(0, |state| state.applied_offset)
    }

    /// Says that everything up to where the follower caught up can be seen, once it can.
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
            out.push(Output::Ready("caught_up", Ok(())));
        }
    }

    /// Shows readers what has been written.
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
            lines: self.partitions.iter().map(Partition::line).collect(),
            audit: AuditState {
                checked_height: state.checked_height,
                findings: state.findings,
                latest: None,
            },
            written,
        })));
    }
}
