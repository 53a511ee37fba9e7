//! The sending half of a stream: a few messages of room, and an end that always reaches the reader.
//!
//! A stream keeps a position and reads the index from there, so that a slow reader holds up nobody and costs only what is in its
//! outbox. One that takes nothing for too long is told to resume later: its stream ends with STREAM_LAGGED.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use kit::Shutdown;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;

use super::error::Error;

/// Messages that wait for the reader at most.
const ROOM: usize = 8;

/// How long a message waits for room before the reader counts as too slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// A heartbeat comes after this long without a message.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What a handler sends into.
pub(super) struct Outbox<T> {
    messages: mpsc::Sender<T>,
    end: Option<oneshot::Sender<Error>>,
    changes: watch::Receiver<u64>,
    shutdown: Shutdown,
}

/// What tonic sends on.
pub(super) struct Stream<T> {
    messages: mpsc::Receiver<T>,
    end: Option<oneshot::Receiver<Error>>,
}

/// The stream has ended: the handler returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended;

/// Why a handler goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// Something changed: tip, pending records or audit.
    Changed,
    /// Nothing did for ten seconds.
    Heartbeat,
}

#[expect(dead_code, reason = "the streams come with their RPCs")]
impl<T: Send + 'static> Outbox<T> {
    /// Both halves. `changes` is [`crate::store::Reader::changes`].
    pub(super) fn new(changes: watch::Receiver<u64>, shutdown: Shutdown) -> (Outbox<T>, Stream<T>) {
        let (messages, received) = mpsc::channel(ROOM);
        let (end, ended) = oneshot::channel();
        (
            Outbox {
                messages,
                end: Some(end),
                changes,
                shutdown,
            },
            Stream {
                messages: received,
                end: Some(ended),
            },
        )
    }

    /// Sends a message. `resume_from` is where the reader goes on if this is not sent any more.
    pub(super) async fn send(&mut self, message: T, resume_from: u64) -> Result<(), Ended> {
        let error = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Error::ShuttingDown { resume_from },
            sent = self.messages.send_timeout(message, PATIENCE) => match sent {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendTimeoutError::Closed(_)) => return Err(Ended),
                Err(mpsc::error::SendTimeoutError::Timeout(_)) => Error::Lagged { resume_from },
            },
        };
        Err(self.fail(error))
    }

    /// Waits until something changes or a heartbeat is due.
    pub(super) async fn wait(&mut self, resume_from: u64) -> Result<Wake, Ended> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Err(self.fail(Error::ShuttingDown { resume_from })),
            () = self.messages.closed() => Err(Ended),
            changed = self.changes.changed() => match changed {
                Ok(()) => Ok(Wake::Changed),
                Err(_) => Err(self.fail(Error::ShuttingDown { resume_from })),
            },
            () = tokio::time::sleep(HEARTBEAT) => Ok(Wake::Heartbeat),
        }
    }

    /// Ends the stream with an error, behind what has been sent.
    pub(super) fn fail(&mut self, error: Error) -> Ended {
        if let Some(end) = self.end.take() {
            // Nobody listens any more: nothing to tell.
            let _ = end.send(error);
        }
        Ended
    }
}

impl<T> tokio_stream::Stream for Stream<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.messages.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(message)) => Poll::Ready(Some(Ok(message))),
            // The sender is gone, so what it left, if anything, is there.
            Poll::Ready(None) => {
                let error = self.end.take().and_then(|mut end| end.try_recv().ok());
                Poll::Ready(error.map(|error| Err(error.into())))
            }
        }
    }
}
