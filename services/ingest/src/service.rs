//! The setup of the service: its tasks, and their shared state.

use std::sync::Arc;

use journal::Journal;
use kit::Service;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::opening::Opening;
use crate::readiness::Conditions;
use crate::state::Ingest;
use crate::{cursors, probe, rpc};

/// Serves until the shutdown token ends it, or a task fails.
pub async fn run(config: Config, journal: Journal, mut service: Service) -> anyhow::Result<()> {
    journal.expect_writable()?;
    let genesis = config.chain.genesis()?;
    let metrics = Metrics::start();
    journal.observe(&kit::metrics::meter());
    let readiness = Conditions::new(&service.readiness);
    let ledger = config.ledger.as_deref().map(kit::client::channel);
    let ledger = ledger.transpose()?;
    let shutdown = service.shutdown.clone();
    let ingest = Arc::new(Ingest::new(&config, &journal, ledger.clone(), shutdown));
    let (search, watcher) = topics::search(&journal, genesis);
    let stop = service.shutdown.clone();
    service
        .tasks
        .thread("watch", move || Ok(watcher.run(&|time| stop.wait(time))?));
    let task = Opening {
        journal: journal.clone(),
        ingest: Arc::clone(&ingest),
        readiness: readiness.clone(),
        metrics,
    };
    service.tasks.thread("core", move || task.run(search));
    let probe = probe::run(journal.clone(), Arc::clone(&ingest), readiness);
    service.tasks.spawn("probe", probe);
    match ledger {
        Some(channel) => {
            let cursors = cursors::run(channel, journal, Arc::clone(&ingest));
            service.tasks.spawn("cursors", cursors);
        }
        None => tracing::warn!(
            "no --ledger: an append that lands below the chain's cursor, after the topic has lost its end, would be acknowledged though no block can \
             hold it; and nonces are chosen by the clock alone, which is void where a sender's last one lies above it"
        ),
    }
    rpc::serve(&mut service, ingest)?;
    service.finish().await
}
