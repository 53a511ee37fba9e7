//! The start of a service: one thread searches for the chain, and another one watches its topics from then on.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use chain::Genesis;
use chain::genesis::Rules;
use journal::Journal;

use crate::bootstrap::{self, Waiting};
use crate::stop::Stop;
use crate::watch::{self, Watch};

/// Searches for the chain.
pub struct Search {
    journal: Journal,
    genesis: Option<Genesis>,
    found: Sender<Arc<Rules>>,
}

/// Watches the topics once the [`Search`] has found the chain.
pub struct Watcher {
    journal: Journal,
    found: Receiver<Arc<Rules>>,
}

/// Creates both halves of a start, each for its own thread.
pub fn search(journal: &Journal, genesis: Option<Genesis>) -> (Search, Watcher) {
    let (sender, receiver) = channel();
    let search = Search {
        journal: journal.clone(),
        genesis,
        found: sender,
    };
    let watcher = Watcher {
        journal: journal.clone(),
        found: receiver,
    };
    (search, watcher)
}

impl Search {
    /// Runs [`bootstrap::wait`], then starts the watcher.
    ///
    /// # Errors
    /// Errors that retrying does not resolve: another chain, unsafe topics.
    pub fn run(
        self,
        known: Option<&Arc<Rules>>,
        stop: Stop<'_>,
        report: &dyn Fn(Waiting),
    ) -> Result<Option<Arc<Rules>>, bootstrap::Error> {
        let genesis = self.genesis.as_ref();
        let rules = bootstrap::wait(&self.journal, genesis, known, stop, report)?;
        if let Some(rules) = &rules {
            // The watcher is gone only if the service is stopping.
            let _ = self.found.send(rules.clone());
        }
        Ok(rules)
    }
}

impl Watcher {
    /// Watches until `stop`; returns at once if the search ends without a chain. Blocks.
    ///
    /// # Errors
    /// Errors that retrying does not resolve.
    pub fn run(self, stop: Stop<'_>) -> Result<(), watch::Error> {
        match self.found.recv() {
            // An imported journal is read-only.
            Ok(_) if self.journal.expect_writable().is_err() => Ok(()),
            Ok(rules) => Watch::new(self.journal, rules).run(stop),
            Err(_) => Ok(()),
        }
    }
}
