//! gRPC health, derived from readiness.

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
    let mut reported = false;
    loop {
        let ready = readiness.is_ready() && !shutdown.is_cancelled();
        if ready != reported && !shutdown.is_cancelled() {
            log(&readiness);
            reported = ready;
        }
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

/// Logs that the service has become ready, or why it no longer is.
fn log(readiness: &Readiness) {
    let reasons = readiness.reasons();
    if reasons.is_empty() {
        tracing::info!("ready");
    }
    for reason in reasons {
        tracing::warn!(
            condition = reason.condition,
            reason = reason.reason,
            "no longer ready: {}",
            reason.message
        );
    }
}
