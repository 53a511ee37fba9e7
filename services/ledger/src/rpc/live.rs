//! Streams that replay and then go live.
//!
//! A stream is a position in the index, and each reply is made when the transport asks for it: a reader that is slow or has
//! stalled holds its position and nothing else, and holds nobody up. One that was live and is then too far behind, or that
//! stalls, is told so with STREAM_LAGGED, and where to resume.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use kit::Shutdown;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_stream::Stream;
use tonic::Status;

use crate::index::{Reader, View};
use crate::problem::{Failed, Problem};

/// Longest silence.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Replies that may wait for a reader that was live once; then it is too slow.
const MOST_WAITING: u64 = 256;

/// Replies that may wait for a reader that stalls, however long.
const FEW_WAITING: u64 = 8;

/// How long a reader may take nothing while more than a few replies wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a reader is too slow: `waiting` replies are ready for it, and it took none for as long as it `paused`.
pub fn is_lagging(waiting: u64, live: bool, paused: Duration) -> bool {
    live && waiting > MOST_WAITING || paused > PATIENCE && waiting > FEW_WAITING
}

/// Where the replies of a stream come from.
pub trait Source: Send + 'static {
    /// One of them.
    type Reply: Send + 'static;

    /// The next reply, however long that takes; `None`: there are no more. `paused`: how long the transport took no reply,
    /// because its reader did not.
    fn next(
        &mut self,
        paused: Duration,
    ) -> impl Future<Output = Result<Option<Self::Reply>, Problem>> + Send;

    /// What to ask for to get what has not been told; `None`: the stream has no positions.
    fn resume_from(&self) -> Option<u64>;
}

type Outcome<S> = (S, Result<Option<<S as Source>::Reply>, Problem>);

/// The replies of one stream, as tonic takes them.
pub struct Replies<S: Source> {
    state: State<S>,
    shutdown: Shutdown,
}

enum State<S: Source> {
    /// Since then, until the transport asks for a reply.
    Resting(S, Instant),
    /// On the next reply.
    Working(Pin<Box<dyn Future<Output = Outcome<S>> + Send>>),
    Ended,
}

impl<S: Source> Replies<S> {
    pub fn new(source: S, shutdown: Shutdown) -> Self {
        Replies {
            state: State::Resting(source, Instant::now()),
            shutdown,
        }
    }
}

async fn step<S: Source>(mut source: S, paused: Duration, shutdown: Shutdown) -> Outcome<S> {
    let next = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        next = source.next(paused) => Some(next),
    };
    let resume_from = source.resume_from();
    let outcome = next.unwrap_or(Err(Failed::ShuttingDown { resume_from }.into()));
    (source, outcome)
}

impl<S: Source> Stream for Replies<S> {
    type Item = Result<S::Reply, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Resting(source, since) => {
                    let step = step(source, since.elapsed(), self.shutdown.clone());
                    self.state = State::Working(Box::pin(step));
                }
                State::Working(mut step) => {
                    let Poll::Ready((source, outcome)) = step.as_mut().poll(context) else {
                        self.state = State::Working(step);
                        return Poll::Pending;
                    };
                    return Poll::Ready(match outcome {
                        Ok(Some(reply)) => {
                            self.state = State::Resting(source, Instant::now());
                            Some(Ok(reply))
                        }
                        Ok(None) => None,
                        Err(problem) => Some(Err(problem.into())),
                    });
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl<S: Source> Unpin for Replies<S> {}

/// The moments at which a stream looks at the ledger again.
pub struct Watch {
    reader: Reader,
    changes: watch::Receiver<u64>,
    /// When the last reply was made.
    told: Instant,
}

impl Watch {
    pub fn new(reader: Reader) -> Watch {
        Watch {
            changes: reader.changes(),
            reader,
            told: Instant::now(),
        }
    }

    /// The ledger now. What changes from here on ends the next [`Watch::wait`].
    pub fn look(&mut self) -> Option<View> {
        self.changes.borrow_and_update();
        self.reader.view()
    }

    /// Notes that a reply was made.
    pub fn told(&mut self) {
        self.told = Instant::now();
    }

    /// Waits for a change since the last look; false: there was nothing to tell for so long that a heartbeat is due.
    pub async fn wait(&mut self) -> bool {
        let due = self.told + HEARTBEAT;
        // Changes may come so fast that there is always one.
        if Instant::now() >= due {
            return false;
        }
        let changed = async {
            // The publisher is gone when the service ends: nothing changes any more.
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::time::timeout_at(due, changed).await.is_ok()
    }
}

/// Runs a read of many rows where it may block.
pub async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(value) => value,
        // A bug: the server answers panics.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only when the runtime is going down, and the caller with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_readers_are_those_that_stall_or_fall_behind_once_live() {
        let short = Duration::from_millis(100);
        assert!(
            !is_lagging(1_000_000, false, short),
            "a replay takes its time"
        );
        assert!(!is_lagging(256, true, short));
        assert!(is_lagging(257, true, short));
        assert!(!is_lagging(8, true, Duration::from_secs(600)));
        assert!(is_lagging(9, false, Duration::from_secs(11)));
    }
}
