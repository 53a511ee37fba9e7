//! A view of the ledger as of one tip: the source of every query.
//!
//! A view is a snapshot: the tip, the index as of that tip, and the pending records beyond its cursors. All of
//! it is immutable, so a query of many reads is consistent, and clones share it. A read may block on the disk, though the
//! page cache usually serves it; lists belong on a blocking thread.

use std::ops::RangeBounds;
use std::sync::Arc;

use chain::{Hash, Rules, Tip};
use fjall::{Keyspace, Readable, Slice};
use serde::de::DeserializeOwned;

use super::{Error, Snapshot, rows};
use crate::model::PendingView;
use crate::model::answer::{Audit, Partition, Totals};

mod accounts;
mod blocks;
mod leaves;
mod lists;
mod log;
mod records;
mod series;

/// A snapshot of the ledger. Cheap to clone.
#[derive(Clone)]
pub struct View {
    pub(super) snapshot: Arc<Snapshot>,
}

impl View {
    /// The tip as of which this view is.
    pub fn tip(&self) -> &Tip {
        &self.snapshot.tip
    }

    /// The immutable parameters of the chain.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.snapshot.rules
    }

    /// The chain's id: hash of block 0.
    pub fn chain_id(&self) -> Hash {
        self.snapshot.rules.chain_id
    }

    /// Sums over the whole chain.
    pub fn totals(&self) -> &Totals {
        &self.snapshot.totals
    }

    /// Cursor, end and oldest pending record of every partition, in order.
    pub fn partitions(&self) -> Vec<Partition> {
        let partition = |pending: &Arc<PendingView>| Partition {
            cursor: pending.cursor,
            end: pending.end,
            oldest_pending_ms: pending
                .from(pending.cursor)
                .next()
                .map(|(record, _)| record.append_ms),
        };
        self.snapshot.pending.iter().map(partition).collect()
    }

    /// Progress and findings of the audit.
    pub fn audit(&self) -> Result<Audit, Error> {
        let audit = self.snapshot.audit.clone();
        let last = audit.findings.checked_sub(1);
        let latest = last.map(|last| self.findings(last, 1)).transpose()?;
        Ok(Audit {
            latest: latest.and_then(|mut one| one.pop()),
            ..audit
        })
    }

    /// Notes a failed answer. An index with changed bytes ends the service, and is rebuilt at the next start.
    pub fn failed(&self, error: &Error) {
        if error.is_corruption() {
            let _ = self.snapshot.alarm.set(error.clone());
        }
    }

    fn get<T: DeserializeOwned>(
        &self,
        keyspace: &Keyspace,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, Error> {
        let value = self.snapshot.store.get(keyspace, key)?;
        value.map(|value| rows::decode(&value)).transpose()
    }

    /// Keys and values of a range, in order; from the back with `.rev()`.
    fn range<K: AsRef<[u8]>>(
        &self,
        keyspace: &Keyspace,
        range: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = Result<(Slice, Slice), Error>> {
        self.snapshot
            .store
            .range(keyspace, range)
            .map(|guard| Ok(guard.into_inner()?))
    }
}
