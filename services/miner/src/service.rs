//! The service around the core: its setup and its threads.

use std::time::Duration;

use anyhow::Context;
use engine::{Cadence, Clock, Engine};
use follow::snapshot;
use journal::Journal;
use kit::{Service, Shutdown};
use topics::bootstrap::Waiting;
use topics::{BLOCKCHAIN, Search, TRANSACTIONS};

use crate::config::{Config, Payee};
use crate::core::{Core, Settings, Status};
use crate::publication::Publication;
use crate::readiness::{LOG_UNAVAILABLE, NO_CHAIN};
use crate::shell::{self, Shell};
use crate::{fit, rpc};

/// Inputs taken at once before status and traces are updated.
const BURST: usize = 256;

/// Runs a miner until the service is asked to stop, or fails.
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
    publication.not_ready(NO_CHAIN.because("looking for block 0"));
    rpc::serve(&mut service, publication.subscribe())?;
    let (search, watcher) = topics::search(&journal, genesis);
    let stop = service.shutdown.clone();
    service.tasks.thread("miner-watch", move || {
        Ok(watcher.run(&|time| stop.wait(time))?)
    });
    let shutdown = service.shutdown.clone();
    let setup = Setup {
        config,
        payee,
        journal,
        publication,
        shutdown,
    };
    service
        .tasks
        .thread("miner-core", move || setup.mine(search));
    service.finish().await
}

/// Inputs of the core's thread.
struct Setup {
    config: Config,
    payee: Payee,
    journal: Journal,
    publication: Publication,
    shutdown: Shutdown,
}

impl Setup {
    fn mine(self, search: Search) -> anyhow::Result<()> {
        let start = self.config.data.as_deref().and_then(snapshot::load);
        if self.config.data.is_none() {
            tracing::info!(
                "without --data the chain is replayed from block 0, and a topic that was cut while the miner was down goes unnoticed"
            );
        }
        let known = start.as_ref().map(|start| start.chain.rules());
        let stop = |time| self.shutdown.wait(time);
        let found = search.run(known, &stop, &|waiting| self.report(&waiting))?;
        let Some(expected) = found else {
            return Ok(());
        };
        fit::check(
            &self.config.partitions(),
            &self.payee.account,
            &expected.genesis,
        )
        .context("the settings do not fit the chain")?;
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

    fn report(&self, waiting: &Waiting) {
        let reason = match waiting {
            Waiting::NoChain => NO_CHAIN,
            Waiting::Journal(_) => LOG_UNAVAILABLE,
        };
        self.publication
            .not_ready(reason.because(waiting.to_string()));
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
