//! A service as a test runs it: in this process, on free ports.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::{Status, transport};

use crate::client::{self, Channel};
use crate::config::{self, Settings};
use crate::{Readiness, Service, Shutdown, status};

/// Time limit of every operation on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A service that runs.
pub struct Running {
    /// Address of the gRPC port.
    pub url: String,
    /// Readiness as the service reports it.
    pub readiness: Readiness,
    /// Stops it.
    pub shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Starts a service, with its flags as on a command line.
    pub async fn start<C, R>(
        name: &'static str,
        flags: &[&str],
        run: impl FnOnce(C, Service) -> R,
    ) -> Self
    where
        C: Settings,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let config = config::parse([&[name], flags].concat()).expect("good flags");
        let service = Service::for_test(name).await;
        Self {
            url: service.grpc_url(),
            readiness: service.readiness.clone(),
            shutdown: service.shutdown.clone(),
            task: tokio::spawn(run(config, service)),
        }
    }

    /// A connection of its own.
    pub fn channel(&self) -> Channel {
        client::channel(&self.url).expect("a URL")
    }

    /// A connection of its own with small windows, which a service fills soon when nothing is read.
    pub fn narrow_channel(&self) -> transport::Channel {
        let endpoint = transport::Endpoint::from_shared(self.url.clone()).expect("a URL");
        endpoint
            .initial_stream_window_size(16 << 10)
            .initial_connection_window_size(65_535)
            .connect_lazy()
    }

    /// Returns once it is ready.
    pub async fn ready(&self) {
        let ready = timeout(PATIENCE, self.readiness.ready()).await;
        ready.unwrap_or_else(|_| panic!("not ready: {:?}", self.readiness.reasons()));
    }

    /// True while a condition does not hold for this reason.
    pub fn is_unready(&self, reason: &str) -> bool {
        let unmet = self.readiness.reasons();
        unmet.iter().any(|unmet| unmet.reason == reason)
    }

    /// Returns once a condition does not hold for this reason.
    pub async fn unready(&self, reason: &str) {
        let reported = async {
            while !self.is_unready(reason) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let reported = timeout(PATIENCE, reported).await;
        reported.unwrap_or_else(|_| panic!("not {reason}: {:?}", self.readiness.reasons()));
    }

    /// Returns how it ended by itself.
    pub async fn ended(self) -> anyhow::Result<()> {
        let ended = timeout(PATIENCE, self.task).await;
        ended.expect("it ends in time").expect("no panic")
    }

    /// Stops it, which must end well.
    pub async fn stop(self) {
        self.shutdown.trigger();
        self.ended().await.expect("a good end");
    }
}

/// The reason of an error that must have one.
pub fn reason(status: &Status) -> String {
    status::reason(status).unwrap_or_else(|| panic!("{status:?} has no reason"))
}

/// One fact of an error.
pub fn fact(status: &Status, key: &str) -> Option<String> {
    let metadata = status::info(status)?.metadata;
    let found = metadata.into_iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value)
}
