//! Transactions and records, sealed and pending.

use std::ops::Range;

use chain::Hash;

use super::View;
use crate::store::Error;
use crate::store::answer::{Occurrence, Record};

impl View {
    /// What became of a transaction id: the included occurrence, else a refused one, else a pending one, else one that a
    /// block left out. `None`: not known as of this tip.
    pub fn transaction(&self, id: &Hash) -> Result<Option<Occurrence>, Error> {
        todo!("{id}")
    }

    /// What became of one offset. `None`: at or above the end of the partition (as last known), or no such partition.
    pub fn record(&self, partition: u32, offset: u64) -> Result<Option<Record>, Error> {
        todo!("{partition} {offset}")
    }

    /// What became of the offsets in a range, in order, at most `limit`: judged and VOID ones, then pending ones. Below the
    /// cursor every offset is there; above it offsets that hold no record are left out. A shorter answer than `limit` means that the range ends.
    pub fn records(
        &self,
        partition: u32,
        offsets: Range<u64>,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        todo!("{partition} {offsets:?} {limit}")
    }

    /// Pending records of a partition from an offset on, at most `limit`, in the order in which blocks will consume them.
    pub fn pending(&self, partition: u32, from: u64, limit: usize) -> Vec<Record> {
        todo!("{partition} {from} {limit}")
    }
}
