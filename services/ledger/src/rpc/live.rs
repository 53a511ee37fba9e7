//! Streams that replay and then go live: when a stream looks at the ledger again.
//!
//! A stream that was live and is then too far behind, or that stalls, ends with STREAM_LAGGED, and where to resume.

use kit::server::stream::HEARTBEAT;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::index::{Reader, View};

/// The moments at which a stream looks at the ledger again.
pub struct Watch {
    reader: Reader,
    changes: watch::Receiver<u64>,
    /// When the last reply was made.
    told: Instant,
}

impl Watch {
    pub fn new(reader: Reader) -> Watch {
        Watch {
            changes: reader.changes(),
            reader,
            told: Instant::now(),
        }
    }

    /// The ledger now. What changes from here on ends the next [`Watch::wait`].
    pub fn look(&mut self) -> Option<View> {
        self.changes.borrow_and_update();
        self.reader.view()
    }

    /// Notes that a reply was made.
    pub fn told(&mut self) {
        self.told = Instant::now();
    }

    /// Waits for a change since the last look; false: there was nothing to tell for so long that a heartbeat is due.
    pub async fn wait(&mut self) -> bool {
        let due = self.told + HEARTBEAT;
        // Changes may come so fast that there is always one.
        if Instant::now() >= due {
            return false;
        }
        let changed = async {
            // The publisher is gone when the service ends: nothing changes any more.
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::time::timeout_at(due, changed).await.is_ok()
    }
}

/// Runs a read of many rows where it may block.
pub async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(value) => value,
        // A bug: the server answers panics.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only when the runtime is going down, and the caller with it.
            Err(_) => std::future::pending().await,
        },
    }
}
