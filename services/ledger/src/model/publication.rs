//! The content of a view.

use std::sync::Arc;

use chain::{Rules, Tip};

use super::answer::{Audit, Totals};
use super::pending::PendingView;

/// The content of a view, beside the index.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Parameters of the chain.
    pub rules: Arc<Rules>,
    /// The newest block.
    pub tip: Tip,
    /// Sums over the whole chain.
    pub totals: Totals,
    /// Pending records, by partition.
    pub pending: Vec<Arc<PendingView>>,
    /// Progress of the audit, without the latest finding.
    pub audit: Audit,
    /// True if the index has changed since the last publication.
    pub written: bool,
}
