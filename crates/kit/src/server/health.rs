//! gRPC health follows readiness.

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::{Readiness, Shutdown};

/// Sets the status of the whole server (the empty name) and of each service at every change.
pub(super) async fn follow(
    reporter: HealthReporter,
    services: Vec<&'static str>,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let mut changes = readiness.changes();
    loop {
        let ready = readiness.is_ready() && !shutdown.is_cancelled();
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in services.iter().copied().chain([""]) {
            reporter.set_service_status(name, status).await;
        }
        if shutdown.is_cancelled() {
            return Ok(());
        }
        tokio::select! {
            changed = changes.changed() => changed?,
            () = shutdown.cancelled() => {}
        }
    }
}
