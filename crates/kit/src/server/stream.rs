//! Streams that produce each reply when the transport polls for it.
//!
//! A stream is a [`Source`]: it holds a position, not a buffer. A slow or stalled reader costs only that position, and delays
//! no other.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::Instant;
use tonic::Status;

use crate::Shutdown;

/// Longest time without a message on a stream.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Replies that may wait for a reader that was live once; with more it is too slow.
const MAX_WAITING: u64 = 256;
/// Replies that may wait for a stalled reader without limit of time.
const MAX_WAITING_STALLED: u64 = 8;
/// Longest time that a reader may take nothing while more than [`MAX_WAITING_STALLED`] replies wait.
const STALLED: Duration = Duration::from_secs(10);

/// True if a reader is too slow: `waiting` replies are ready for it, and it has taken none for the time `paused`. A reader that
/// was never `live`, which means up to date, may fall further behind.
pub fn is_lagging(waiting: u64, live: bool, paused: Duration) -> bool {
    live && waiting > MAX_WAITING || paused > STALLED && waiting > MAX_WAITING_STALLED
}

/// The producer of a stream's replies.
pub trait Source: Send + 'static {
    /// The message type.
    type Reply: Send + 'static;
    /// The cause of an early end.
    type Error: Into<Status> + Send;

    /// Waits for the next reply; `None` at the end. `paused` is the time for which the transport took no reply because its
    /// reader did not.
    fn next(
        &mut self,
        paused: Duration,
    ) -> impl Future<Output = Result<Option<Self::Reply>, Self::Error>> + Send;

    /// The error that ends the stream when the service stops. `None` if the source ends it by itself.
    fn shutting_down(&self) -> Option<Self::Error>;
}

/// The type of streams in generated servers.
pub type Replies<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// The replies of a source, which is dropped at its end or when the client is gone.
pub fn replies<S: Source>(source: S, shutdown: Shutdown) -> Replies<S::Reply> {
    let start = Some((source, Instant::now()));
    Box::pin(unfold(start, move |state| {
        let shutdown = shutdown.clone();
        // Starts when the transport polls for a reply.
        async move {
            let (mut source, since) = state?;
            let ending = source.shutting_down();
            let next = tokio::select! {
                biased;
                error = stopped(&shutdown, ending) => Err(error),
                next = source.next(since.elapsed()) => next,
            };
            match next {
                Ok(Some(reply)) => Some((Ok(reply), Some((source, Instant::now())))),
                Ok(None) => None,
                Err(error) => Some((Err(error.into()), None)),
            }
        }
    }))
}

async fn stopped<E>(shutdown: &Shutdown, ending: Option<E>) -> E {
    match ending {
        Some(error) => {
            shutdown.cancelled().await;
            error
        }
        None => std::future::pending().await,
    }
}
