//! From a leaf of the log back to the record behind it.

use chain::leaf::Leaf;

use super::View;
use crate::store::Error;
use crate::store::answer::Record;

impl View {
    /// What became of the offset that a leaf tells of; `None`: it is no leaf of a record, or beyond the tip's log.
    pub fn record_of_leaf(&self, index: u64) -> Result<Option<Record>, Error> {
        let Some(leaf) = self.leaf(index)? else {
            return Ok(None);
        };
        match Leaf::decode(&leaf.bytes) {
            Ok(Leaf::Record {
                partition, offset, ..
            }) => self.record(partition, offset),
            Ok(_) => Ok(None),
            Err(_) => Err(Error::Damaged("a leaf does not decode")),
        }
    }
}
