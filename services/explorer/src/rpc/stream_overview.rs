//! `StreamOverview`.

use std::pin::Pin;
use std::time::Duration;

use proto::explorer::v1::{Overview, StreamOverviewResponse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::State;
use crate::errors::Problem;

/// What is sent.
pub type Overviews =
    Pin<Box<dyn tokio_stream::Stream<Item = Result<StreamOverviewResponse, Status>> + Send>>;

/// The contract's longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The overview again whenever it changes. A reader that falls behind misses some, never the newest.
pub fn handle(state: &State) -> Overviews {
    let (send, receive) = mpsc::channel(1);
    let state = state.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = send_overviews(&state, &send) => {}
            () = state.shutdown.cancelled() => {
                // Whoever is gone already does not miss it.
                let _ = send.send(Err(Problem::ShuttingDown.into())).await;
            }
        }
    });
    Box::pin(ReceiverStream::new(receive))
}

/// Until the reader is gone.
async fn send_overviews(
    state: &State,
    send: &mpsc::Sender<Result<StreamOverviewResponse, Status>>,
) {
    let mut watch = state.overview.clone();
    let mut last: Option<Overview> = None;
    loop {
        let seen = watch.borrow_and_update().clone();
        let changed = last.as_ref().is_none_or(|last| !seen.same(last));
        if changed {
            let overview = seen.now();
            last = Some(overview.clone());
            if send
                .send(Ok(StreamOverviewResponse {
                    overview: Some(overview),
                }))
                .await
                .is_err()
            {
                return;
            }
        }
        let unchanged = tokio::time::timeout(HEARTBEAT, next_change(&mut watch, last.as_ref()));
        tokio::select! {
            outcome = unchanged => if outcome.is_err() { last = None },
            () = send.closed() => return,
        }
    }
}

async fn next_change(watch: &mut crate::overview::Watch, last: Option<&Overview>) {
    let changed = |seen: &crate::overview::Seen| last.is_none_or(|last| !seen.same(last));
    // The sender lives as long as the service: the stream is ended by the shutdown token before.
    let _ = watch.wait_for(changed).await;
}
