//! The service around the core: its setup and its parts.

use std::path::Path;
use std::sync::Arc;

use chain::Rules;
use follow::{Snapshot, snapshot};
use journal::Journal;
use kit::{Service, Shutdown};
use topics::bootstrap::Waiting;
use topics::{BLOCKCHAIN, Search, TRANSACTIONS};

use crate::config::Config;
use crate::core::{Core, Settings};
use crate::index::{Index, OpenError};
use crate::metrics::Metrics;
use crate::model::{Condition, Trouble};
use crate::readiness::Conditions;
use crate::reopen::Reopening;
use crate::rpc;
use crate::shell::{End, Parts, Shell};

/// Runs a ledger until the service is asked to stop, or fails.
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
    let (search, watcher) = topics::search(&journal, genesis);
    let stop = service.shutdown.clone();
    service.tasks.thread("ledger-watch", move || {
        Ok(watcher.run(&|time| stop.wait(time))?)
    });
    let setup = Setup {
        config,
        journal,
        conditions,
        metrics,
        shutdown: service.shutdown.clone(),
    };
    service
        .tasks
        .thread("ledger-core", move || setup.run(index, start, search));
    service.finish().await
}

/// Opens the index and its snapshot.
fn open(config: &Config) -> Result<(Index, Option<Snapshot>), OpenError> {
    let dir = config.data.as_path();
    if config.reindex {
        Index::remove(dir)?;
    }
    let index = Index::open(dir)?;
    if let Some(why) = &index.rebuilt {
        tracing::warn!(
            "the index in {} is unusable ({why}): it is built anew from the journal",
            dir.display()
        );
    }
    let start = index.state.as_ref().and_then(|_| snapshot::load(dir));
    Ok((index, start))
}

/// Inputs of the core's thread.
struct Setup {
    config: Config,
    journal: Journal,
    conditions: Conditions,
    metrics: Metrics,
    shutdown: Shutdown,
}

impl Setup {
    fn run(self, index: Index, start: Option<Snapshot>, search: Search) -> anyhow::Result<()> {
        let stop = |time| self.shutdown.wait(time);
        let report = |waiting| self.report(&waiting);
        let Some(rules) = search.run(index.rules.as_ref(), &stop, &report)? else {
            return Ok(());
        };
        self.conditions.report(Condition::Log, Ok(()));
        index.expect_chain(&self.config.data, rules.chain_id)?;
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

    /// Creates a core that resumes from the index and the snapshot, with everything that it runs on.
    fn parts(&self, index: Index, start: Option<Snapshot>, rules: Arc<Rules>) -> Parts {
        let indexed = index.state.clone().zip(index.rules.clone());
        log_start(
            indexed.as_ref().map(|(state, _)| state.tip.height),
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
            core: Core::new(settings, indexed, start),
            rules,
            index,
            journal: self.journal.clone(),
            data: self.config.data.clone(),
            conditions: self.conditions.clone(),
            metrics: self.metrics.clone(),
            shutdown: self.shutdown.clone(),
        }
    }

    fn report(&self, waiting: &Waiting) {
        match waiting {
            Waiting::NoChain => {
                self.conditions.report(Condition::Log, Ok(()));
                self.conditions
                    .report(Condition::Chain, Err(Trouble::NoChain));
            }
            Waiting::Journal(_) => {
                let trouble = Trouble::Unavailable(waiting.to_string());
                self.conditions.report(Condition::Log, Err(trouble));
            }
        }
    }
}

/// Name of the topic to audit against; an imported chain has none.
fn transactions(journal: &Journal) -> Option<String> {
    if journal.expect_writable().is_ok() {
        return Some(journal.topic_name(TRANSACTIONS));
    }
    tracing::warn!(
        "the journal holds an imported chain without its transactions topic: the audit has nothing to compare the blocks with"
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
