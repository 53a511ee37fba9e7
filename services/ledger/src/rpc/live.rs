//! Streams that replay and then go live: when a stream takes its next view.
//!
//! A stream that was live and falls too far behind, or that stalls, ends with STREAM_LAGGED and a position to resume.

use kit::server::stream::HEARTBEAT;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::index::{Reader, View};

/// Wakes a stream for its next view.
pub struct Watch {
    reader: Reader,
    changes: watch::Receiver<u64>,
    /// Time of the last reply.
    replied_at: Instant,
}

impl Watch {
    pub fn new(reader: Reader) -> Watch {
        Watch {
            changes: reader.changes(),
            reader,
            replied_at: Instant::now(),
        }
    }

    /// The current view. A later change ends the next [`Watch::wait`].
    pub fn look(&mut self) -> Option<View> {
        self.changes.borrow_and_update();
        self.reader.view()
    }

    /// Notes that a reply was made.
    pub fn replied(&mut self) {
        self.replied_at = Instant::now();
    }

    /// Waits for a change since the last view; false: the last reply is so old that a heartbeat is due.
    pub async fn wait(&mut self) -> bool {
        let due = self.replied_at + HEARTBEAT;
        // Changes may come so fast that one is always there.
        if Instant::now() >= due {
            return false;
        }
        let changed = async {
            // The publisher is gone when the service ends: no change will come.
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::time::timeout_at(due, changed).await.is_ok()
    }
}

/// Runs a read of many rows on a blocking thread.
pub async fn blocking<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(value) => value,
        // A bug: the server answers panics.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and the caller with it.
            Err(_) => std::future::pending().await,
        },
    }
}
