//! The index of the ledger: everything that a query needs, in an embedded store that can be rebuilt from the journal.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chain::{Rules, Tip};
use tokio::sync::watch;

pub mod answer;
mod view;

pub use view::View;

/// What can go wrong with the index.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The disk, or the store on it, fails.
    #[error("the index cannot be read: {0}")]
    Storage(String),
    /// What is stored contradicts itself.
    #[error("the index is damaged ({0}): restart with --reindex to rebuild it from the journal")]
    Damaged(&'static str),
}

/// The ledger at one moment.
struct Moment {
    rules: Arc<Rules>,
    tip: Tip,
    totals: answer::Totals,
}

/// Where queries get their views from. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    latest: Arc<ArcSwapOption<Moment>>,
    changes: watch::Receiver<u64>,
}

impl Reader {
    /// The ledger now; `None`: there is no chain yet (NO_CHAIN), or it may not be served yet.
    pub fn view(&self) -> Option<View> {
        self.latest.load_full().map(|moment| View { moment })
    }

    /// Waits for a tip of at least `height`, for at most `wait`; gives what there is then.
    pub async fn view_at(&self, height: u64, wait: Duration) -> Option<View> {
        todo!("{height} {wait:?}")
    }

    /// Wakes at every change of tip, pending records or audit. A stream is a position and this: after each wake-up take
    /// a view and send what lies between the position and its tip.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
