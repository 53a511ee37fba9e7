//! The thread that finds the chain and then becomes the core's.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use chain::Genesis;
use chain::genesis::Rules;
use journal::Journal;
use topics::bootstrap;

use crate::readiness::Conditions;
use crate::rejection::{Precondition, Unavailable};
use crate::shell::Shell;
use crate::state::{Ingest, Open};

/// Between two looks for block 0.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Between two looks at the shutdown token.
const NAP: Duration = Duration::from_millis(50);

/// What it needs.
pub struct Opening {
    pub(crate) journal: Journal,
    pub(crate) genesis: Option<Genesis>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) readiness: Conditions,
    /// Tells the watch of the chain.
    pub(crate) found: Sender<Arc<Rules>>,
}

impl Opening {
    /// Until the shutdown token ends it. An error is one that no waiting heals: another chain, unsafe topics.
    pub fn run(self) -> anyhow::Result<()> {
        let Some(rules) = self.wait_for_chain()? else {
            return Ok(());
        };
        // The watch begins.
        let _ = self.found.send(rules.clone());
        let (shell, core) = Shell::new(&self.journal, &rules, self.readiness.clone())?;
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

    fn wait_for_chain(&self) -> anyhow::Result<Option<Arc<Rules>>> {
        let mut told = false;
        loop {
            let rules = match self.establish() {
                Err(bootstrap::Error::Cancelled) => return Ok(None),
                established => established?,
            };
            if let Some(rules) = rules {
                return Ok(Some(rules));
            }
            // The log has been read to its end.
            self.ingest.absent(Precondition::NoChain);
            self.readiness.no_chain();
            if !std::mem::replace(&mut told, true) {
                tracing::warn!("there is no block 0 in the journal; waiting for one");
            }
            if !self.pause() {
                return Ok(None);
            }
        }
    }

    fn establish(&self) -> Result<Option<Arc<Rules>>, bootstrap::Error> {
        let trouble = |error: &journal::Error| {
            self.ingest.absent(Unavailable::Log(error.to_string()));
            self.readiness.log(Err(error.to_string()));
        };
        let cancelled = || self.ingest.shutdown.is_cancelled();
        bootstrap::establish(
            &self.journal,
            self.genesis.as_ref(),
            None,
            &cancelled,
            &trouble,
        )
    }

    /// False if the service ends.
    fn pause(&self) -> bool {
        for _ in 0..LOOK_AGAIN.as_millis() / NAP.as_millis() {
            if self.ingest.shutdown.is_cancelled() {
                return false;
            }
            std::thread::sleep(NAP);
        }
        true
    }
}
