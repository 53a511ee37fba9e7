//! What all calls share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use chain::genesis::Rules;
use journal::Journal;
use kit::Shutdown;
use kit::client::Channel;
use kit::messaging::Topic;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::outbox::Unread;
use crate::rejection::{Rejection, Unavailable, Why};
use crate::shell::Handle;
use crate::window::Window;

/// The service, as its calls see it.
#[derive(Debug)]
pub struct Ingest {
    /// Room for submissions.
    pub window: Arc<Window>,
    /// Answers that their clients have not read.
    pub unread: Arc<Unread>,
    /// The last nonces of senders.
    pub accounts: Arc<Accounts>,
    /// Ends the service.
    pub shutdown: Shutdown,
    /// The `transactions` topic as it is stored.
    pub topic: Topic,
    open: OnceLock<Open>,
    opening: Notify,
    next_stream: AtomicU64,
    /// Why there is no chain yet.
    absent: Mutex<Why>,
}

/// What there is once the chain is known.
#[derive(Debug)]
pub struct Open {
    /// The rules of the chain.
    pub rules: Arc<Rules>,
    /// Takes submissions.
    pub core: Handle,
}

impl Ingest {
    /// Without a chain yet.
    pub fn new(
        config: &Config,
        journal: &Journal,
        ledger: Option<Channel>,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            unread: Arc::default(),
            accounts: Arc::new(Accounts::new(ledger)),
            window: Window::new(config.max_in_flight, config.max_in_flight_bytes),
            shutdown,
            topic: Topic {
                system: journal.system(),
                name: journal.topic_name(topics::TRANSACTIONS),
            },
            open: OnceLock::new(),
            opening: Notify::new(),
            next_stream: AtomicU64::new(0),
            absent: Mutex::new(Unavailable::CatchingUp.into()),
        }
    }

    /// The chain is known.
    pub fn opened(&self, open: Open) {
        // There is one opening only.
        let _ = self.open.set(open);
        self.opening.notify_waiters();
    }

    /// Returns once the chain is known.
    pub async fn known(&self) {
        let opening = self.opening.notified();
        tokio::pin!(opening);
        // From here on no notice is lost.
        opening.as_mut().enable();
        if self.open.get().is_none() {
            opening.await;
        }
    }

    /// A number for a stream.
    pub fn stream(&self) -> u64 {
        self.next_stream.fetch_add(1, Ordering::Relaxed)
    }

    /// Why the chain is not known.
    pub fn absent(&self, why: impl Into<Why>) {
        *self.absent.lock() = why.into();
    }

    /// The chain, if it is known.
    pub fn chain(&self) -> Result<&Open, Rejection> {
        let absent = || self.absent.lock().clone().into();
        self.open.get().ok_or_else(absent)
    }

    /// The chain, for a call that appends.
    pub fn open(&self) -> Result<&Open, Rejection> {
        if self.shutdown.is_cancelled() {
            return Err(Rejection::new(Unavailable::ShuttingDown));
        }
        self.chain()
    }
}
