//! A view of the ledger as of one tip: what every query reads.
//!
//! A view is a moment: the tip, a snapshot of the index at that tip, and the pending records beyond its cursors. All of
//! it is immutable, so a query of many reads is consistent, and clones share it. Reads block on the disk at worst (the
//! page cache as a rule); lists belong on a blocking thread.

use std::sync::Arc;

use chain::{Hash, Rules, Tip};

use super::Error;
use super::answer::{Audit, Partition, Totals};

mod accounts;
mod blocks;
mod lists;
mod log;
mod records;

/// The ledger as of one tip. Cheap to clone.
#[derive(Clone)]
pub struct View {
    pub(super) moment: Arc<super::Moment>,
}

impl View {
    /// The tip that this is a view of.
    pub fn tip(&self) -> &Tip {
        &self.moment.tip
    }

    /// The immutable parameters of the chain.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.moment.rules
    }

    /// The chain's id: hash of block 0.
    pub fn chain_id(&self) -> Hash {
        self.moment.rules.chain_id
    }

    /// Sums over the whole chain.
    pub fn totals(&self) -> &Totals {
        &self.moment.totals
    }

    /// Cursor, end and oldest pending record of every partition, in order.
    pub fn partitions(&self) -> Vec<Partition> {
        todo!()
    }

    /// How far the audit is, and what it found.
    pub fn audit(&self) -> Result<Audit, Error> {
        todo!()
    }
}
