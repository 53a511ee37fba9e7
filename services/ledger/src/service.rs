//! The service around the core: what is set up before it, and what it runs on.

use std::path::Path;
use std::sync::Arc;

use chain::Rules;
use follow::{Snapshot, snapshot};
use journal::Journal;
use kit::{Readiness, Reason, Service, Shutdown};
use proto::reason;
use topics::bootstrap::Waiting;
use topics::{BLOCKCHAIN, Search, TRANSACTIONS};

use crate::config::Config;
use crate::core::{Core, Settings};
use crate::metrics;
use crate::reopen::Reopening;
use crate::rpc;
use crate::shell::{End, Parts, Shell};
use crate::store::{OpenError, Store};

/// Runs a ledger until the service is told to stop, or cannot go on.
pub async fn run(config: Config, journal: Journal, mut service: Service) -> anyhow::Result<()> {
    let genesis = config.chain.genesis()?;
    let opening = Reason(reason::CATCHING_UP).because("opening the index");
    service.readiness.wait_for("caught_up", opening);
    let opened = config.clone();
    let (store, start) = tokio::task::spawn_blocking(move || open(&opened)).await??;
    metrics::start();
    journal.observe(&kit::metrics::meter());
    store.publisher.observe(&kit::metrics::meter());
    let reader = store.publisher.reader();
    rpc::serve(&mut service, reader, config.log_key()?)?;
    let (search, watcher) = topics::search(&journal, genesis);
    let stop = service.shutdown.clone();
    service.tasks.thread("ledger-watch", move || {
        Ok(watcher.run(&|time| stop.wait(time))?)
    });
    let setup = Setup {
        config,
        journal,
        readiness: service.readiness.clone(),
        shutdown: service.shutdown.clone(),
    };
    service
        .tasks
        .thread("ledger-core", move || setup.index(store, start, search));
    service.finish().await
}

/// Opens the index, and the snapshot that goes with it.
fn open(config: &Config) -> Result<(Store, Option<Snapshot>), OpenError> {
    let dir = config.data.as_path();
    if config.reindex {
        Store::remove(dir)?;
    }
    let store = Store::open(dir)?;
    if let Some(why) = &store.rebuilt {
        tracing::warn!(
            "the index in {} is of no use ({why}): it is built anew from the journal",
            dir.display()
        );
    }
    let start = store.state.as_ref().and_then(|_| snapshot::load(dir));
    Ok((store, start))
}

/// What the core's thread starts from.
struct Setup {
    config: Config,
    journal: Journal,
    readiness: Readiness,
    shutdown: Shutdown,
}

impl Setup {
    fn index(self, store: Store, start: Option<Snapshot>, search: Search) -> anyhow::Result<()> {
        let stop = |time| self.shutdown.wait(time);
        let report = |waiting| self.report(&waiting);
        let Some(rules) = search.run(store.rules.as_ref(), &stop, &report)? else {
            return Ok(());
        };
        self.readiness.condition("log").set(Ok(()));
        store.expect_chain(&self.config.data, rules.chain_id)?;
        let mut reopening = Reopening::new(
            self.config.data.clone(),
            self.readiness.clone(),
            self.shutdown.clone(),
        );
        let (mut store, mut start) = (store, start);
        loop {
            let (publisher, why) = match Shell::run(self.parts(store, start, rules.clone()))? {
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
            store = again;
        }
    }

    /// A core that resumes where the index and the snapshot stand, and what it runs on.
    fn parts(&self, store: Store, start: Option<Snapshot>, rules: Arc<Rules>) -> Parts {
        let index = store.state.clone().zip(store.rules.clone());
        say_where(
            index.as_ref().map(|(state, _)| state.tip.height),
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
            core: Core::new(settings, index, start),
            rules,
            store,
            journal: self.journal.clone(),
            data: self.config.data.clone(),
            readiness: self.readiness.clone(),
            shutdown: self.shutdown.clone(),
        }
    }

    fn report(&self, waiting: &Waiting) {
        let (log, chain) = (
            self.readiness.condition("log"),
            self.readiness.condition("chain"),
        );
        let text = waiting.to_string();
        match waiting {
            Waiting::NoChain => {
                log.set(Ok(()));
                chain.set(Err(Reason(reason::NO_CHAIN).because(text)));
            }
            Waiting::Journal(_) => log.set(Err(Reason(reason::LOG_UNAVAILABLE).because(text))),
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

fn say_where(index: Option<u64>, start: Option<&Snapshot>, dir: &Path) {
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
