//! The log: leaves and nodes, for proofs.

use chain::Hash;

use super::View;
use crate::store::Error;
use crate::store::answer::Leaf;

impl View {
    /// The hash of a leaf (level 0) or of a complete subtree; `None` beyond the tip's log. What `chain::log` calls a source:
    /// `&|level, index| view.node(level, index).ok().flatten()`.
    pub fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, Error> {
        todo!("{level} {index}")
    }

    /// A leaf; `None` beyond the tip's log.
    pub fn leaf(&self, index: u64) -> Result<Option<Leaf>, Error> {
        todo!("{index}")
    }
}
