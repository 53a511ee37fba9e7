//! The index of the ledger: the data for all queries, in an embedded store that can be rebuilt from the journal.
//!
//! One [`Writer`](write::Writer) writes batches; a [`Publisher`] shows readers what has been written; a [`Reader`] gives
//! [`View`]s, each of one snapshot. The store is derived from the journal: after a crash it may be a little older than
//! before, never torn, and a damaged one is discarded and rebuilt.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chain::{Rules, Tip};
use fjall::Database;
use kit::metrics::Meter;
use tokio::sync::watch;

mod error;
mod figures;
mod open;
mod room;
mod rows;
mod schema;
mod tiles;
mod view;
pub mod write;

pub use error::Error;
pub use open::{Index, OpenError};
pub use room::{Readers, probe};
pub use view::View;

use crate::model::answer::{Audit, Totals};
use crate::model::{PendingView, Publication};
use figures::Figures;
use schema::Keyspaces;

/// Lengths of the buckets, in milliseconds: second, minute, hour, day.
const RESOLUTIONS_MS: [u64; 4] = [1_000, 60_000, 3_600_000, 86_400_000];

/// Rows of blocks that are kept in memory: about 400 bytes each.
const CACHED_BLOCKS: usize = 4096;

/// The ledger at one snapshot.
struct Snapshot {
    rules: Arc<Rules>,
    tip: Tip,
    totals: Totals,
    pending: Vec<Arc<PendingView>>,
    audit: Audit,
    store: fjall::Snapshot,
    keyspaces: Keyspaces,
    /// Shared by all snapshots of this chain.
    blocks: Arc<BlockCache>,
    alarm: Alarm,
}

/// Rows of blocks, by height: nearly every answer needs one, most of them a recent one.
type BlockCache = quick_cache::sync::Cache<u64, rows::Block>;

/// The first sign of damage found by a reader.
type Alarm = Arc<OnceLock<Error>>;

/// Shows the index to readers.
pub struct Publisher {
    database: Database,
    keyspaces: Keyspaces,
    latest: Arc<ArcSwapOption<Snapshot>>,
    changes: watch::Sender<u64>,
    alarm: Alarm,
    figures: Arc<Figures>,
}

/// Gives queries their views. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    latest: Arc<ArcSwapOption<Snapshot>>,
    changes: watch::Receiver<u64>,
}

impl Publisher {
    fn new(database: Database, keyspaces: Keyspaces) -> Publisher {
        let (changes, _) = watch::channel(0);
        let figures = Figures::new(database.clone(), keyspaces.clone());
        Publisher {
            figures: Arc::new(figures),
            database,
            keyspaces,
            latest: Arc::default(),
            changes,
            alarm: Alarm::default(),
        }
    }

    /// Registers the instruments of the store on the given meter.
    pub fn observe(&self, meter: &Meter) {
        self.figures.observe(meter);
    }

    /// The first sign of damage found by a reader.
    pub fn alarm(&self) -> Option<Error> {
        self.alarm.get().cloned()
    }

    /// Creates a reader of what is published here.
    pub fn reader(&self) -> Reader {
        Reader {
            latest: self.latest.clone(),
            changes: self.changes.subscribe(),
        }
    }

    /// Shows a snapshot. Nothing may have been written since the batch of this publication.
    pub fn publish(&self, publication: Publication) {
        let Publication {
            rules,
            tip,
            totals,
            pending,
            audit,
            written,
        } = publication;
        let before = self.latest.load_full();
        let blocks = before.as_ref().map(|before| before.blocks.clone());
        let store = before
            .filter(|_| !written)
            .map_or_else(|| self.database.snapshot(), |before| before.store.clone());
        let snapshot = Snapshot {
            rules,
            tip,
            totals,
            pending,
            audit,
            store,
            keyspaces: self.keyspaces.clone(),
            blocks: blocks.unwrap_or_else(|| Arc::new(BlockCache::new(CACHED_BLOCKS))),
            alarm: self.alarm.clone(),
        };
        self.latest.store(Some(Arc::new(snapshot)));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Hides everything.
    pub fn withdraw(&self) {
        self.latest.store(None);
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Reader {
    /// The current view; `None`: there is no chain yet (NO_CHAIN), or it may not be served yet.
    pub fn view(&self) -> Option<View> {
        self.latest.load_full().map(|snapshot| View { snapshot })
    }

    /// Waits up to `wait` for a tip of at least `height`; returns the view that there is then.
    pub async fn view_at(&self, height: u64, wait: Duration) -> Option<View> {
        let reached = |view: &Option<View>| {
            view.as_ref()
                .is_some_and(|view| view.tip().height() >= height)
        };
        let mut changes = self.changes();
        let mut view = self.view();
        let waiting = async {
            while !reached(&view) {
                // The publisher is gone when the service ends: the last view must do.
                if changes.changed().await.is_err() {
                    break;
                }
                view = self.view();
            }
        };
        // After a timeout `view` is the one of the last change.
        let _ = tokio::time::timeout(wait, waiting).await;
        view
    }

    /// Wakes at every change of tip, pending records or audit. A stream is a position and this: after each wake-up, take
    /// a view and send everything between the position and its tip. Drop the view before waiting: it keeps old data alive.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
