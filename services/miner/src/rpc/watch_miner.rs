//! WatchMiner: the status whenever it changes, neither too often nor too rarely.

use std::time::Duration;

use kit::Shutdown;
use proto::miner::v1::WatchMinerResponse;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Response;

use super::encode;
use crate::core::Status;
use crate::errors;

/// At most four a second.
const SHORTEST: Duration = Duration::from_millis(250);
/// At least every ten seconds.
const LONGEST: Duration = Duration::from_secs(10);

type Item = Result<WatchMinerResponse, tonic::Status>;

pub(super) fn handle(
    status: watch::Receiver<Status>,
    shutdown: Shutdown,
) -> Response<ReceiverStream<Item>> {
    // One slot: a slow reader skips what it was too slow for, and gets the latest.
    let (replies, stream) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            () = send_changes(status, &replies) => {}
            () = shutdown.cancelled() => {
                // The reader may have left; then there is nobody to tell.
                let _ = replies.send(Err(errors::shutting_down())).await;
            }
        }
    });
    Response::new(ReceiverStream::new(stream))
}

/// Returns when the reader has left.
async fn send_changes(mut status: watch::Receiver<Status>, replies: &mpsc::Sender<Item>) {
    loop {
        let Ok(slot) = replies.reserve().await else {
            return;
        };
        let reply = WatchMinerResponse {
            status: Some(encode::status(&status.borrow_and_update())),
        };
        slot.send(Ok(reply));
        let sent = Instant::now();
        tokio::select! {
            () = replies.closed() => return,
            () = next(&mut status, sent) => {}
        }
    }
}

/// Waits for the moment of the next reply.
async fn next(status: &mut watch::Receiver<Status>, sent: Instant) {
    sleep_until(sent + SHORTEST).await;
    // When the core has ended, nothing changes any more and the service stops.
    if let Ok(Err(_)) = timeout_at(sent + LONGEST, status.changed()).await {
        sleep_until(sent + LONGEST).await;
    }
}
