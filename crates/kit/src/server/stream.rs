//! Streams that make each reply when the transport asks for it.
//!
//! A stream is a [`Source`]: it holds a position, not a buffer. A reader that is slow or has stalled costs that position and
//! nothing else, and holds nobody up.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::Instant;
use tonic::Status;

use crate::Shutdown;

/// Longest silence of a stream.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Replies that may wait for a reader that was live once; then it is too slow.
const MAX_WAITING: u64 = 256;
/// Replies that may wait for a reader that stalls, however long.
const MAX_WAITING_STALLED: u64 = 8;
/// How long a reader may take nothing while more than a few replies wait.
const STALLED: Duration = Duration::from_secs(10);

/// Whether a reader is too slow: `waiting` replies are ready for it, and it took none for as long as it `paused`. `live`: it has
/// had all replies once; a reader that never had takes its time.
pub fn is_lagging(waiting: u64, live: bool, paused: Duration) -> bool {
    live && waiting > MAX_WAITING || paused > STALLED && waiting > MAX_WAITING_STALLED
}

/// Where the replies of a stream come from.
pub trait Source: Send + 'static {
    /// One message.
    type Reply: Send + 'static;
    /// Why the stream ends early.
    type Error: Into<Status> + Send;

    /// The next reply, however long that takes; `None`: there are no more. `paused`: how long the transport took no reply,
    /// because its reader did not.
    fn next(
        &mut self,
        paused: Duration,
    ) -> impl Future<Output = Result<Option<Self::Reply>, Self::Error>> + Send;

    /// How the stream ends when the service stops. `None`: the source ends it by itself.
    fn shutting_down(&self) -> Option<Self::Error>;
}

/// Replies as generated servers take them.
pub type Replies<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// The replies of a source. It is dropped when it has ended, or when the client has gone.
pub fn replies<S: Source>(source: S, shutdown: Shutdown) -> Replies<S::Reply> {
    let start = Some((source, Instant::now()));
    Box::pin(unfold(start, move |state| {
        let shutdown = shutdown.clone();
        // Begins when the transport asks for a reply.
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
