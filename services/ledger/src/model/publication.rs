//! What readers are to see.

use std::sync::Arc;

use chain::{Rules, Tip};

use super::answer::{Audit, Totals};
use super::pending::Line;

/// What readers are to see.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The rules of the chain.
    pub rules: Arc<Rules>,
    /// The tip.
    pub tip: Tip,
    /// Sums.
    pub totals: Totals,
    /// Pending records, by partition.
    pub lines: Vec<Arc<Line>>,
    /// The audit, without its latest finding.
    pub audit: Audit,
    /// Whether the index has changed since the last publication.
    pub written: bool,
}
