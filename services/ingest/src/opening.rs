//! The thread that finds the chain and then runs the core.

use std::sync::Arc;

use journal::Journal;
use topics::Search;
use topics::bootstrap::Waiting;

use crate::metrics::Metrics;
use crate::readiness::Conditions;
use crate::rejection::{Precondition, Unavailable};
use crate::shell::Shell;
use crate::state::{Ingest, Open};

/// Inputs of the thread.
pub struct Opening {
    pub(crate) journal: Journal,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) readiness: Conditions,
    pub(crate) metrics: Metrics,
}

impl Opening {
    /// Runs until the shutdown token ends it. An error is one that waiting cannot cure: another chain, unsafe topics.
    pub fn run(self, search: Search) -> anyhow::Result<()> {
        let stop = |time| self.ingest.shutdown.wait(time);
        let Some(rules) = search.run(None, &stop, &|waiting| self.report(waiting))? else {
            return Ok(());
        };
        let (shell, core) =
            Shell::new(&self.journal, &rules, self.readiness.clone(), self.metrics)?;
        let genesis = &rules.genesis;
        tracing::info!(
            chain = %rules.chain_id, name = genesis.name, partitions = genesis.partitions, open = genesis.open,
            "taking transactions"
        );
        self.ingest.opened(Open { rules, core });
        self.readiness.chain_found();
        shell.run(&self.ingest.shutdown);
        Ok(())
    }

    fn report(&self, waiting: Waiting) {
        let text = waiting.to_string();
        match waiting {
            Waiting::NoChain => {
                self.ingest.absent(Precondition::NoChain);
                self.readiness.no_chain(text);
            }
            Waiting::Journal(_) => {
                self.ingest.absent(Unavailable::Log(text.clone()));
                self.readiness.log(Err(text));
            }
        }
    }
}
