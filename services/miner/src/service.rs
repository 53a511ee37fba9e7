//! The service around the core: what is set up before it, and the threads that it runs on.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use anyhow::Context;
use chain::Genesis;
use chain::genesis::Rules;
use engine::{Cadence, Clock, Engine};
use follow::{Snapshot, snapshot};
use journal::Journal;
use kit::{Service, Shutdown};
use proto::reason::{LOG_UNAVAILABLE, NO_CHAIN};
use topics::bootstrap;
use topics::watch;
use topics::{BLOCKCHAIN, TRANSACTIONS};

use crate::config::{Config, Payee};
use crate::core::{Core, Settings, Status};
use crate::publication::Publication;
use crate::shell::{self, Shell};
use crate::{fit, rpc};

/// How often block 0 is looked for while there is none.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Inputs taken in one go before status and traces are looked at.
const BURST: usize = 256;

/// Runs a miner until the service is told to stop, or cannot go on.
pub async fn run(config: Config, journal: Journal, mut service: Service) -> anyhow::Result<()> {
    journal.expect_writable()?;
    let payee = config.payee().map_err(anyhow::Error::msg)?;
    let genesis = config.chain.genesis()?;
    if let Some(dir) = &config.data {
        let of_no_use = || {
            format!(
                "--data {} cannot be used: make it a folder that this user may read and write",
                dir.display()
            )
        };
        snapshot::prepare(dir).with_context(of_no_use)?;
    }
    journal.observe(&kit::metrics::meter());
    let first = Status::before(payee.account, config.partitions());
    let publication = Publication::new(first, service.readiness.clone());
    publication.not_ready(NO_CHAIN, "looking for block 0");
    rpc::serve(&mut service, publication.subscribe())?;
    let (found, rules) = mpsc::channel();
    let (watched, stop) = (journal.clone(), service.shutdown.clone());
    service.tasks.thread("miner-watch", move || {
        Ok(watch::once_known(watched, &rules, &|| stop.is_cancelled())?)
    });
    let shutdown = service.shutdown.clone();
    let setup = Setup {
        config,
        payee,
        journal,
        publication,
        found,
        shutdown,
    };
    service
        .tasks
        .thread("miner-core", move || setup.mine(genesis.as_ref()));
    service.finish().await
}

/// What the core's thread starts from.
struct Setup {
    config: Config,
    payee: Payee,
    journal: Journal,
    publication: Publication,
    /// Tells the watch of the chain.
    found: Sender<Arc<Rules>>,
    shutdown: Shutdown,
}

impl Setup {
    fn mine(self, genesis: Option<&Genesis>) -> anyhow::Result<()> {
        let start = self.config.data.as_deref().and_then(snapshot::load);
        if self.config.data.is_none() {
            tracing::info!(
                "without --data the chain is replayed from block 0, and a log that was cut while the miner was down goes unnoticed"
            );
        }
        let Some(expected) = self.establish(genesis, start.as_ref())? else {
            return Ok(());
        };
        // The watch begins.
        let _ = self.found.send(expected.clone());
        let settings = Settings {
            topic: self.journal.topic_name(TRANSACTIONS),
            partitions: self.config.partitions(),
            account: self.payee.account,
            block_records: self.config.block_records,
            block_age_ms: whole_ms(self.config.block_age),
            rescue_age_ms: whole_ms(self.config.rescue_age),
            keeps_snapshots: self.config.data.is_some(),
        };
        let follow = follow::Settings {
            topic: self.journal.topic_name(BLOCKCHAIN),
            expected: Some(expected.chain_id),
            assume_valid: self.config.assume_valid,
        };
        let core = Core::new(settings, follow, start);
        let (mut shell, inputs) = Shell::start(shell::Parts {
            journal: self.journal,
            secret: self.payee.secret,
            threads: self.config.threads(),
            window_bytes: shell::window_bytes(&expected.genesis),
            data: self.config.data,
            publication: self.publication,
        })?;
        // After each step: a sealing must not outlive its tip by a whole burst.
        let cadence = Cadence::EachStep(BURST);
        let engine = Engine::new(core, Clock::start(), inputs, cadence);
        engine.run(&mut shell, &|| self.shutdown.is_cancelled())
    }

    /// Makes or finds the chain, however long that takes; `None` when told to stop first.
    fn establish(
        &self,
        genesis: Option<&Genesis>,
        start: Option<&Snapshot>,
    ) -> anyhow::Result<Option<Arc<Rules>>> {
        let cancelled = || self.shutdown.is_cancelled();
        let trouble = |error: &journal::Error| {
            tracing::warn!("{error}");
            self.publication
                .not_ready(LOG_UNAVAILABLE, error.to_string());
        };
        loop {
            let known = start.map(|start| start.chain.rules());
            let found = bootstrap::establish(&self.journal, genesis, known, &cancelled, &trouble);
            let rules = match found {
                Err(bootstrap::Error::Cancelled) => return Ok(None),
                other => other?,
            };
            if let Some(rules) = rules {
                fit::check(
                    &self.config.partitions(),
                    &self.payee.account,
                    &rules.genesis,
                )
                .context("the settings do not fit the chain")?;
                return Ok(Some(rules));
            }
            if cancelled() {
                return Ok(None);
            }
            self.publication.not_ready(
                NO_CHAIN,
                "there is no block 0 yet: start a service with --genesis FILE, or run `blocklog init`",
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
