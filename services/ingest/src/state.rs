//! The state that all calls share.

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

/// The shared state of the service.
#[derive(Debug)]
pub struct Ingest {
    /// Limits submissions in flight.
    pub window: Arc<Window>,
    /// Answers that their clients have not read.
    pub unread: Arc<Unread>,
    /// The last nonces of senders.
    pub accounts: Arc<Accounts>,
    /// Token that ends the service.
    pub shutdown: Shutdown,
    /// Name and system of the `transactions` topic, for traces.
    pub topic: Topic,
    open: OnceLock<Open>,
    opening: Notify,
    next_stream: AtomicU64,
    /// The reason why there is no chain yet.
    absent: Mutex<Why>,
}

/// The part that needs the chain.
#[derive(Debug)]
pub struct Open {
    /// Parameters of the chain.
    pub rules: Arc<Rules>,
    /// Takes submissions.
    pub core: Handle,
}

impl Ingest {
    /// The state before the chain is known.
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

    /// Notes that the chain is known.
    pub fn opened(&self, open: Open) {
        // The chain is opened once only.
        let _ = self.open.set(open);
        self.opening.notify_waiters();
    }

    /// Returns once the chain is known.
    pub async fn known(&self) {
        let opening = self.opening.notified();
        tokio::pin!(opening);
        // Notices are kept from here on.
        opening.as_mut().enable();
        if self.open.get().is_none() {
            opening.await;
        }
    }

    /// Numbers a new stream.
    pub fn stream(&self) -> u64 {
        self.next_stream.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes why the chain is not known.
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
