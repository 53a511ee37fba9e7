//! The service around the core: what is set up before it, and what it runs on.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use chain::{Genesis, Rules};
use follow::{Snapshot, snapshot};
use journal::Journal;
use kit::{Service, Shutdown};
use topics::{BLOCKCHAIN, TRANSACTIONS};
use topics::{bootstrap, watch};

use crate::config::Config;
use crate::core::{Core, Settings};
use crate::index::{Index, OpenError};
use crate::metrics::Metrics;
use crate::model::{Condition, Trouble};
use crate::readiness::Conditions;
use crate::reopen::Reopening;
use crate::rpc;
use crate::shell::{End, Parts, Shell};

/// How often block 0 is looked for while there is none.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Runs a ledger until the service is told to stop, or fails.
pub async fn run(config: Config, journal: Journal, mut service: Service) -> anyhow::Result<()> {
    let genesis = config.chain.genesis()?;
    let conditions = Conditions::new(&service.readiness);
    let opened = config.clone();
    let (index, start) = tokio::task::spawn_blocking(move || open(&opened)).await??;
    let metrics = Metrics::start();
    journal.observe(&kit::metrics::meter());
    index.publisher.observe(&kit::metrics::meter());
    let reader = index.publisher.reader();
    rpc::serve(&mut service, reader, config.log_key()?)?;
    let (found, rules) = mpsc::channel();
    let (watched, stop) = (journal.clone(), service.shutdown.clone());
    service.tasks.thread("ledger-watch", move || {
        Ok(watch::once_known(watched, &rules, &|| stop.is_cancelled())?)
    });
    let setup = Setup {
        config,
        journal,
        conditions,
        metrics,
        found,
        shutdown: service.shutdown.clone(),
    };
    service.tasks.thread("ledger-core", move || {
        setup.run(index, start, genesis.as_ref())
    });
    service.finish().await
}

/// Opens the index, and the snapshot that goes with it.
fn open(config: &Config) -> Result<(Index, Option<Snapshot>), OpenError> {
    let dir = config.data.as_path();
    if config.reindex {
        Index::remove(dir)?;
    }
    let index = Index::open(dir)?;
    if let Some(why) = &index.rebuilt {
        tracing::warn!(
            "the index in {} is of no use ({why}): it is built anew from the journal",
            dir.display()
        );
    }
    let start = index.state.as_ref().and_then(|_| snapshot::load(dir));
    Ok((index, start))
}

/// What the core's thread starts from.
struct Setup {
    config: Config,
    journal: Journal,
    conditions: Conditions,
    metrics: Metrics,
    /// Gives the watch the chain.
    found: Sender<Arc<Rules>>,
    shutdown: Shutdown,
}

impl Setup {
    fn run(
        self,
        index: Index,
        start: Option<Snapshot>,
        genesis: Option<&Genesis>,
    ) -> anyhow::Result<()> {
        let Some(rules) = self.establish(genesis, index.rules.as_ref())? else {
            return Ok(());
        };
        index.expect_chain(&self.config.data, rules.chain_id)?;
        // The watch begins.
        let _ = self.found.send(rules.clone());
        let mut reopening = Reopening::new(
            self.config.data.clone(),
            self.conditions.clone(),
            self.shutdown.clone(),
        );
        let (mut index, mut start) = (index, start);
        loop {
            let (publisher, why) = match Shell::run(self.parts(index, start, rules.clone()))? {
                End::Stopped => return Ok(()),
                End::Halted { publisher, why } => (publisher, why),
            };
            let Some(again) = reopening.reopen(*publisher, why)? else {
                return Ok(());
            };
            again.expect_chain(&self.config.data, rules.chain_id)?;
            start = again
                .state
                .as_ref()
                .and_then(|_| snapshot::load(&self.config.data));
            index = again;
        }
    }

    /// A core that resumes where the index and the snapshot stand, and what it runs on.
    fn parts(&self, index: Index, start: Option<Snapshot>, rules: Arc<Rules>) -> Parts {
        let standing = index.state.clone().zip(index.rules.clone());
        log_start(
            standing.as_ref().map(|(state, _)| state.tip.height),
            start.as_ref(),
            &self.config.data,
        );
        let settings = Settings {
            follow: follow::Settings {
                topic: self.journal.topic_name(BLOCKCHAIN),
                expected: Some(rules.chain_id),
                assume_valid: self.config.assume_valid,
            },
            transactions: transactions(&self.journal),
        };
        Parts {
            core: Core::new(settings, standing, start),
            rules,
            index,
            journal: self.journal.clone(),
            data: self.config.data.clone(),
            conditions: self.conditions.clone(),
            metrics: self.metrics.clone(),
            shutdown: self.shutdown.clone(),
        }
    }

    /// Makes or finds the chain, however long that takes; `None` when told to stop first.
    fn establish(
        &self,
        genesis: Option<&Genesis>,
        known: Option<&Arc<Rules>>,
    ) -> anyhow::Result<Option<Arc<Rules>>> {
        let cancelled = || self.shutdown.is_cancelled();
        let trouble = |error: &journal::Error| {
            tracing::warn!("{error}");
            let trouble = Trouble::Unavailable(error.to_string());
            self.conditions.report(Condition::Log, Err(trouble));
        };
        loop {
            let found = bootstrap::establish(&self.journal, genesis, known, &cancelled, &trouble);
            let rules = match found {
                Err(bootstrap::Error::Cancelled) => return Ok(None),
                other => other?,
            };
            self.conditions.report(Condition::Log, Ok(()));
            if let Some(rules) = rules {
                return Ok(Some(rules));
            }
            if cancelled() {
                return Ok(None);
            }
            self.conditions
                .report(Condition::Chain, Err(Trouble::NoChain));
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

/// The topic to audit against; an imported chain has none.
fn transactions(journal: &Journal) -> Option<String> {
    if journal.expect_writable().is_ok() {
        return Some(journal.topic_name(TRANSACTIONS));
    }
    tracing::warn!(
        "the journal holds an imported chain without its transactions topic: the audit has nothing to compare the blocks with, and says nothing of them"
    );
    None
}

fn log_start(index: Option<u64>, start: Option<&Snapshot>, dir: &Path) {
    let index = index.map_or_else(
        || "empty".to_owned(),
        |height| format!("at height {height}"),
    );
    let snapshot = start.map_or_else(
        || "none".to_owned(),
        |start| format!("at height {}", start.chain.tip().height()),
    );
    tracing::info!(
        "data in {}: index {index}, snapshot {snapshot}",
        dir.display()
    );
}
