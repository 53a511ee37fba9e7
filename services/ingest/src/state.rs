//! What all calls share.

use std::sync::{Arc, OnceLock};

use chain::genesis::Rules;
use journal::Journal;
use kit::Shutdown;
use kit::messaging::Topic;
use parking_lot::Mutex;

use crate::config::Config;
use crate::rejection::{Rejection, Why};
use crate::shell::Desk;
use crate::window::Window;

/// The service, as its calls see it.
#[derive(Debug)]
pub struct Ingest {
    /// Room for submissions.
    pub window: Arc<Window>,
    /// Ends the service.
    pub shutdown: Shutdown,
    /// The `transactions` topic as it is stored.
    pub topic: Topic,
    open: OnceLock<Open>,
    /// Why the journal could not be read, while there is no chain yet.
    trouble: Mutex<Option<String>>,
}

/// What there is once the chain is known.
#[derive(Debug)]
pub struct Open {
    /// The rules of the chain.
    pub rules: Arc<Rules>,
    /// The way to the core.
    pub desk: Desk,
}

impl Ingest {
    /// Without a chain yet.
    pub fn new(config: &Config, journal: &Journal, shutdown: Shutdown) -> Self {
        Self {
            window: Window::new(config.max_in_flight, config.max_in_flight_bytes),
            shutdown,
            topic: Topic {
                system: journal.system(),
                name: journal.topic_name(follow::topics::TRANSACTIONS),
            },
            open: OnceLock::new(),
            trouble: Mutex::new(None),
        }
    }

    /// The chain is known.
    pub fn opened(&self, open: Open) {
        // There is one opening only.
        let _ = self.open.set(open);
    }

    /// Why the chain is not known, if it is not for want of a block 0.
    pub fn troubled(&self, trouble: Option<String>) {
        *self.trouble.lock() = trouble;
    }

    /// The chain, if it is known.
    pub fn chain(&self) -> Result<&Open, Rejection> {
        self.open.get().ok_or_else(|| {
            let trouble = self.trouble.lock().clone();
            trouble.map_or(Why::NoChain, Why::LogUnavailable).into()
        })
    }

    /// The chain, for a call that appends.
    pub fn open(&self) -> Result<&Open, Rejection> {
        if self.shutdown.is_cancelled() {
            return Err(Why::ShuttingDown.into());
        }
        self.chain()
    }
}
