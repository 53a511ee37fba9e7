//! Ingest: takes transactions over gRPC and appends them to the `transactions` topic.
//!
//! ```text
//!  gRPC call ─▶ intake (stateless rules, signatures) ─▶ window (room) ─▶ Desk ─▶┐
//!      ▲                                                                      core ─▶ journal
//!      └───────────── reply, one wake-up per stream and batch ◀───────────────◀┘ ◀─ completions
//! ```
//!
//! Tasks of the service:
//!
//! | task | does |
//! |---|---|
//! | `core` (thread) | waits for the chain (or makes it, with a genesis), then runs the [`core`] and its appends |
//! | `watch` (thread) | looks at the topics' settings and at block 0, again and again |
//! | `probe` | asks the log for its end now and then: readiness says when it does not answer |
//! | `cursors` | with `--ledger`: learns the chain's cursors, and compares them with the log's ends |
//! | `grpc` | serves the four RPCs of `blocklog.ingest.v1` |

use std::sync::Arc;

use journal::Journal;
use kit::Service;

mod accounts;
pub mod config;
pub mod core;
mod cursors;
mod errors;
mod intake;
mod metrics;
mod opening;
mod outbox;
mod probe;
mod readiness;
pub mod rejection;
mod rpc;
mod shell;
mod state;
mod window;

use crate::config::Config;
use crate::state::Ingest;

/// Serves until the shutdown token ends it, or a task fails.
pub async fn run(config: Config, journal: Journal, mut service: Service) -> anyhow::Result<()> {
    journal.expect_writable()?;
    let genesis = config.chain.genesis()?;
    metrics::start();
    journal.observe(&kit::metrics::meter());
    readiness::start(&service.readiness);
    let ledger = config.ledger.as_deref().map(kit::client::channel);
    let ledger = ledger.transpose()?;
    let shutdown = service.shutdown.clone();
    let ingest = Arc::new(Ingest::new(&config, &journal, ledger.clone(), shutdown));
    let (search, watcher) = topics::search(&journal, genesis);
    let stop = service.shutdown.clone();
    service
        .tasks
        .thread("watch", move || Ok(watcher.run(&|time| stop.wait(time))?));
    let task = opening::Opening {
        journal: journal.clone(),
        ingest: Arc::clone(&ingest),
        readiness: service.readiness.clone(),
    };
    service.tasks.thread("core", move || task.run(search));
    let probe = probe::run(
        journal.clone(),
        Arc::clone(&ingest),
        service.readiness.clone(),
    );
    service.tasks.spawn("probe", probe);
    match ledger {
        Some(channel) => {
            let cursors = cursors::run(channel, journal, Arc::clone(&ingest));
            service.tasks.spawn("cursors", cursors);
        }
        None => tracing::warn!(
            "no --ledger: an append that lands below the chain's cursor, after the log has lost its end, would be acknowledged though no block can \
             hold it; and nonces are chosen by the clock alone, which is void where a sender's last one lies above it"
        ),
    }
    rpc::serve(&mut service, ingest)?;
    service.finish().await
}
