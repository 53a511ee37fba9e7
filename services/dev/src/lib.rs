//! `cargo run --release` starts all four services in one process over one journal; they call each other by gRPC.
//! Each is its own `run`, with settings parsed from its own flags; the first that fails ends all.

mod banner;
mod config;
mod home;

use anyhow::Context;
use kit::config::{Settings, parse};
use kit::{Service, Shutdown, Tasks};

pub use config::Config;

/// Runs the chain until shutdown.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let home = home::Home::open(&config)?;
    config.check_ports()?;
    let bind = async |name, number| {
        let mut service = Service::bind(name, config.addresses(number), shutdown.child()).await?;
        service.grace = config.process.shutdown_grace;
        anyhow::Ok(service)
    };
    let ingest = bind("blocklog-ingest", 1).await?;
    let miner = bind("blocklog-miner", 2).await?;
    let ledger = bind("blocklog-ledger", 3).await?;
    let explorer = bind("blocklog-explorer", 4).await?;

    let journal = format!("--journal={}", home.url);
    let genesis = format!("--genesis={}", home.genesis_file.display());
    let data = |name| format!("--data={}", home.state.join(name).display());
    let partitions: Vec<_> = (0..home.genesis.partitions)
        .map(|n| n.to_string())
        .collect();
    let partitions = format!("--partition={}", partitions.join(","));
    let to_ledger = format!("--ledger={}", ledger.grpc_url());
    let to_miner = format!("--miner={}", miner.grpc_url());
    let web = format!("--web={}", config.address(8080));
    // Only ingest publishes block 0. If all services did, the chain would begin with a lost race: harmless, but noise.
    let ingest_config = settings(&ingest, &[&journal, &genesis, &to_ledger])?;
    let miner_data = data("miner");
    let mine = [&journal, "--account=miner", &partitions, &miner_data];
    let miner_config = settings(&miner, &mine)?;
    let ledger_config = settings(&ledger, &[&journal, &data("ledger")])?;
    let explorer_config = settings(&explorer, &[&to_ledger, &to_miner, &web])?;
    let pages = explorer::listen(&explorer_config).await?;

    let services = [&ingest, &miner, &ledger, &explorer];
    let ready = services.map(|service| service.readiness.clone());
    let (banner, announcement) = banner::compose(&home, services, pages.local_addr()?);
    let tasks = Tasks::new(shutdown.clone());
    let journal = || home.journal.clone();
    tasks.spawn("ingest", ingest::run(ingest_config, journal(), ingest));
    tasks.spawn("miner", miner::run(miner_config, journal(), miner));
    tasks.spawn("ledger", ledger::run(ledger_config, journal(), ledger));
    tasks.spawn("explorer", explorer::run(explorer_config, pages, explorer));
    let grace = config.process.shutdown_grace;
    tasks.spawn("banner", async move {
        for service in ready {
            tokio::select! {
                () = service.ready() => {}
                () = shutdown.cancelled() => return Ok(()),
            }
        }
        println!("{banner}");
        match &config.announce {
            Some(file) => std::fs::write(file, announcement.to_string())
                .with_context(|| format!("--announce {}", file.display())),
            None => Ok(()),
        }
    });
    tasks.finish(grace).await
}

/// The settings of a service, parsed from the flags of its own binary.
fn settings<C: Settings>(service: &Service, flags: &[&str]) -> anyhow::Result<C> {
    let listen = format!("--listen={}", service.grpc_addr);
    let admin = format!("--admin={}", service.admin_addr);
    let own = [service.name, &listen, &admin];
    parse(own.iter().chain(flags)).with_context(|| format!("the settings of {}", service.name))
}
