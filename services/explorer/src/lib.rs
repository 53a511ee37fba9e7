//! The explorer: web pages, search and an overview, built from gRPC replies of the ledger and the miners. It keeps no
//! state; any number of instances may run.
//!
//! Tasks: `overview` polls the ledger and publishes the overview to pages and streams; `web` serves the pages; `grpc`
//! serves `blocklog.explorer.v1`.

mod config;
mod errors;
mod overview;
mod rpc;
mod search;
mod upstream;
mod web;

use kit::Service;
use kit::service::listen as bind;
use proto::explorer::v1::explorer_service_server::{ExplorerServiceServer, SERVICE_NAME};
use tokio::net::TcpListener;

pub use config::Config;

use upstream::Upstream;

/// State shared by pages and calls.
#[derive(Clone, Debug)]
struct State {
    upstream: Upstream,
    overview: overview::Watch,
    shutdown: kit::Shutdown,
}

/// Binds the socket of the web pages.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    bind("the web pages", "--web", config.web).await
}

/// Runs until shutdown.
pub async fn run(config: Config, web: TcpListener, mut service: Service) -> anyhow::Result<()> {
    tracing::info!("web pages on http://{}", web.local_addr()?);
    let upstream = Upstream::new(&config)?;
    let asking = overview::LEDGER_UNAVAILABLE.because("asking the ledger");
    let ledger = service.readiness.wait_for("ledger", asking);
    let (publish, overview) = overview::channel();
    let state = State {
        upstream: upstream.clone(),
        overview,
        shutdown: service.shutdown.clone(),
    };
    service.tasks.spawn(
        "overview",
        overview::poll(upstream, publish, ledger, service.shutdown.clone()),
    );
    service.tasks.spawn("web", web::serve(web, state.clone()));
    let server = kit::Server {
        routes: tonic::service::Routes::new(ExplorerServiceServer::new(state)),
        services: vec![SERVICE_NAME],
        descriptors: proto::DESCRIPTORS,
        limits: kit::Limits::default(),
        domain: proto::reason::DOMAIN,
        trace_header: proto::metadata::TRACE_ID,
    };
    kit::server::serve(&mut service, server)?;
    service.finish().await
}
