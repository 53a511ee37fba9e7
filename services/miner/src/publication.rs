//! The reports of the core, where others can read them.

use kit::{Cause, Condition, Readiness};
use tokio::sync::watch;

use crate::core::{Core, Status};
use crate::metrics::Metrics;

/// The one condition that the miner adds to its readiness.
const MINING: &str = "mining";

/// Publishes status and readiness; written by the core's thread, read by everyone.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) metrics: Metrics,
    status: watch::Sender<Status>,
    mining: Condition,
}

impl Publication {
    pub(crate) fn new(first: Status, readiness: Readiness) -> Publication {
        Publication {
            metrics: Metrics::start(),
            status: watch::Sender::new(first),
            mining: readiness.condition(MINING),
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Reports why nothing is mined while there is no core yet.
    pub(crate) fn not_ready(&self, cause: Cause) {
        self.mining.set(Err(cause));
    }

    /// Publishes the reports of the core; readers are woken if something has changed.
    pub(crate) fn update(&self, core: &Core) {
        let status = core.status();
        self.metrics.position(core);
        self.status.send_if_modified(|published| {
            let changed = *published != status;
            if changed {
                self.metrics.count(published, &status);
                *published = status;
            }
            changed
        });
        self.mining.set(core.readiness());
    }
}
