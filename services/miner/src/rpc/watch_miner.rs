//! WatchMiner: the status whenever it changes, neither too often nor too rarely.

use std::time::Duration;

use kit::server::stream::{HEARTBEAT, Source};
use proto::miner::v1::WatchMinerResponse;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::encode;
use crate::core::Status;
use crate::errors;

/// Shortest time between two replies.
const SHORTEST: Duration = Duration::from_millis(250);

/// The statuses of one stream. A slow reader skips some, and gets the latest.
pub(super) struct Statuses {
    status: watch::Receiver<Status>,
    sent: Option<Instant>,
}

pub(super) fn handle(status: watch::Receiver<Status>) -> Statuses {
    Statuses { status, sent: None }
}

impl Source for Statuses {
    type Reply = WatchMinerResponse;
    type Error = tonic::Status;

    async fn next(&mut self, _: Duration) -> Result<Option<WatchMinerResponse>, tonic::Status> {
        if let Some(sent) = self.sent {
            sleep_until(sent + SHORTEST).await;
            // Once the core has ended, nothing changes any more and the service stops.
            if let Ok(Err(_)) = timeout_at(sent + HEARTBEAT, self.status.changed()).await {
                sleep_until(sent + HEARTBEAT).await;
            }
        }
        self.sent = Some(Instant::now());
        Ok(Some(WatchMinerResponse {
            status: Some(encode::status(&self.status.borrow_and_update())),
        }))
    }

    fn shutting_down(&self) -> Option<tonic::Status> {
        Some(errors::shutting_down())
    }
}
