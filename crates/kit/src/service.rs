//! A service: its sockets, tasks, readiness and shutdown.

mod healthcheck;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{self, ServiceSettings};
use crate::{Readiness, Reason, Shutdown, Tasks, admin, process, shutdown};

const SHUTTING_DOWN: Reason = Reason("SHUTTING_DOWN");

/// The argument of a service's `run`. The admin port already answers.
#[derive(Debug)]
pub struct Service {
    /// Name in log output and on the admin port.
    pub name: &'static str,
    /// Token that stops this service.
    pub shutdown: Shutdown,
    /// Source of `/ready` and of gRPC health.
    pub readiness: Readiness,
    /// Supervised tasks and threads.
    pub tasks: Tasks,
    /// Bound address of the gRPC port.
    pub grpc_addr: SocketAddr,
    /// Bound address of the admin port.
    pub admin_addr: SocketAddr,
    /// Time limit of the shutdown.
    pub grace: Duration,
    pub(crate) grpc: Option<TcpListener>,
    // Answers until the end, so that an orchestrator sees why the service is not ready.
    admin: AbortOnDropHandle<()>,
}

/// The addresses of a service. Port 0 lets the system choose.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Of the gRPC port.
    pub grpc: SocketAddr,
    /// Of the admin port.
    pub admin: SocketAddr,
}

impl Service {
    /// Binds both sockets and starts the admin port.
    pub async fn bind(
        name: &'static str,
        addresses: Addresses,
        shutdown: Shutdown,
    ) -> anyhow::Result<Service> {
        let grpc = listen("gRPC", "--listen", addresses.grpc).await?;
        let admin = listen("the admin port", "--admin", addresses.admin).await?;
        let (grpc_addr, admin_addr) = (grpc.local_addr()?, admin.local_addr()?);
        let readiness = Readiness::default();
        readiness.observe(name);
        let routes = admin::routes(name, readiness.clone());
        let watch = (readiness.clone(), shutdown.clone());
        let admin = tokio::spawn(async move {
            tokio::join!(
                admin::serve(admin, routes),
                not_ready_once_stopped(watch.0, watch.1)
            );
        });
        Ok(Service {
            name,
            tasks: Tasks::new(shutdown.clone()),
            shutdown,
            readiness,
            grpc_addr,
            admin_addr,
            grace: shutdown::DEFAULT_GRACE,
            grpc: Some(grpc),
            admin: AbortOnDropHandle::new(admin),
        })
    }

    /// Binds two free loopback ports, with its own token.
    #[cfg(feature = "testing")]
    pub async fn for_test(name: &'static str) -> Service {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = Addresses {
            grpc: any,
            admin: any,
        };
        Self::bind(name, addresses, Shutdown::new())
            .await
            .expect("loopback has free ports")
    }

    /// `http://…` of the gRPC port, for clients on this machine.
    pub fn grpc_url(&self) -> String {
        format!("http://{}", reachable(self.grpc_addr))
    }

    /// Ends every `run`: waits for the shutdown token or the first failing task, then for the other tasks within the grace.
    pub async fn finish(self) -> anyhow::Result<()> {
        let Self {
            tasks,
            grace,
            admin,
            ..
        } = self;
        let outcome = tasks.finish(grace).await;
        drop(admin);
        outcome
    }
}

/// Binds a socket; an error names the flag to change. For a service's further sockets, too.
pub async fn listen(what: &str, flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "cannot listen on {address} for {what}: another process is listening there; \
             stop it, or choose another address with {flag}"
            ),
            _ => anyhow::anyhow!(
                "cannot listen on {address} for {what}: {error}; choose another address with {flag}"
            ),
        })
}

/// The `main` of a service: [`process::main`], the sockets, and the `healthcheck` subcommand.
pub fn main<C, F, R>(name: &'static str, run: F) -> ExitCode
where
    C: ServiceSettings,
    F: FnOnce(C, Service) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let mut command = healthcheck::add_to::<C>(config::command::<C>());
    let matches =
        match command.try_get_matches_from_mut(std::env::args_os().collect::<Vec<OsString>>()) {
            Ok(matches) => matches,
            Err(error) => return process::usage(&error),
        };
    if let Some((_, asked)) = matches.subcommand() {
        return healthcheck::main(asked);
    }
    process::start(
        name,
        command,
        &matches,
        async move |settings: C, shutdown| {
            let common = settings.common();
            let addresses = Addresses {
                grpc: common.listen,
                admin: common.admin,
            };
            let mut service = Service::bind(name, addresses, shutdown).await?;
            service.grace = common.process.shutdown_grace;
            tracing::info!(
                "{name}: gRPC on {}, admin on {}",
                service.grpc_addr,
                service.admin_addr
            );
            run(settings, service).await
        },
    )
}

/// Replaces `0.0.0.0` and `::`, which mean every address of this machine, by loopback, which can be connected to.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

async fn not_ready_once_stopped(readiness: Readiness, shutdown: Shutdown) {
    shutdown.cancelled().await;
    let cause = SHUTTING_DOWN.because("the service is shutting down");
    readiness.serving().set(Err(cause));
}
