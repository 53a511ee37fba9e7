//! A service: its sockets, its tasks, its readiness, its end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::ServiceSettings;
use crate::{Readiness, Shutdown, Tasks};

/// What `run` of a service is given. Its admin port answers already.
#[derive(Debug)]
pub struct Service {
    /// Name in logs and metrics.
    pub name: &'static str,
    /// Stops this service, or says that it is to stop.
    pub shutdown: Shutdown,
    /// What `/ready` and gRPC health say.
    pub readiness: Readiness,
    /// Where to spawn.
    pub tasks: Tasks,
    /// Where gRPC is served.
    pub grpc_addr: SocketAddr,
    /// Where the admin port is.
    pub admin_addr: SocketAddr,
    /// How long the end may take.
    pub grace: Duration,
    pub(crate) grpc: Option<TcpListener>,
}

/// The sockets of a service. Port 0 lets the system choose.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// gRPC.
    pub grpc: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
}

impl Service {
    /// Binds both sockets and starts the admin port.
    pub async fn bind(
        name: &'static str,
        addresses: Addresses,
        shutdown: Shutdown,
    ) -> anyhow::Result<Service> {
        let _ = (name, addresses, shutdown);
        todo!()
    }

    /// On two free loopback ports, with a token of its own.
    pub async fn for_test(name: &'static str) -> Service {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::bind(
            name,
            Addresses {
                grpc: any,
                admin: any,
            },
            Shutdown::new(),
        )
        .await
        .expect("loopback has free ports")
    }

    /// `http://…` of the gRPC port, for clients on this machine.
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc_addr)
    }

    /// The end of every `run`: waits for the shutdown token or the first failing task, then for the others within the grace.
    pub async fn finish(self) -> anyhow::Result<()> {
        let Self { tasks, grace, .. } = self;
        tasks.finish(grace).await
    }
}

/// The `main` of a service: [`crate::process::main`], the sockets, and the `healthcheck` subcommand.
pub fn main<C, F, R>(name: &'static str, run: F) -> ExitCode
where
    C: ServiceSettings,
    F: FnOnce(C, Service) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let _ = (name, run);
    todo!()
}
