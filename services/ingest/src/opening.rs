//! The thread that finds the chain and then becomes the core's.

use std::sync::Arc;

use journal::Journal;
use kit::Readiness;
use topics::Search;
use topics::bootstrap::Waiting;

use crate::readiness;
use crate::rejection::Why;
use crate::shell::Engine;
use crate::state::{Ingest, Open};

/// What it needs.
pub struct Opening {
    pub(crate) journal: Journal,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) readiness: Readiness,
}

impl Opening {
    /// Until the shutdown token ends it. An error is one that no waiting heals: another chain, unsafe topics.
    pub fn run(self, search: Search) -> anyhow::Result<()> {
        let stop = |time| self.ingest.shutdown.wait(time);
        let Some(rules) = search.run(None, &stop, &|waiting| self.report(waiting))? else {
            return Ok(());
        };
        let (engine, desk) = Engine::new(&self.journal, &rules)?;
        let genesis = &rules.genesis;
        tracing::info!(
            chain = %rules.chain_id, name = genesis.name, partitions = genesis.partitions, open = genesis.open,
            "taking transactions"
        );
        self.ingest.opened(Open { rules, desk });
        readiness::chain_found(&self.readiness);
        engine.run(&self.readiness, &self.ingest.shutdown);
        Ok(())
    }

    fn report(&self, waiting: Waiting) {
        let text = waiting.to_string();
        match waiting {
            Waiting::NoChain => {
                self.ingest.absent(Why::NoChain);
                readiness::no_chain(&self.readiness, text);
            }
            Waiting::Journal(_) => {
                self.ingest.absent(Why::LogUnavailable(text.clone()));
                readiness::log(&self.readiness, Err(text));
            }
        }
    }
}
