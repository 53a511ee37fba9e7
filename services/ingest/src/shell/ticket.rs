//! The caller's side of a submission.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;
use tracing::Span;

use crate::core::Outcome;
use crate::outbox::Outbox;
use crate::rejection::{Rejection, Unavailable};
use crate::window::Permit;

/// Travels with a submission through the core.
#[derive(Debug)]
pub struct Ticket {
    /// The receiver of the outcome.
    pub reply_to: ReplyTo,
    /// The window's room of the submission, held until the outcome.
    pub permit: Permit,
    /// Time of the submission.
    pub since: Instant,
}

/// The receiver of an outcome.
#[derive(Debug)]
pub enum ReplyTo {
    /// A unary call.
    Call(oneshot::Sender<Outcome>),
    /// A stream.
    Stream(StreamReply),
}

/// The pending answer to a request of a stream. Dropped unanswered it reports that the service is shutting down, so that
/// no stream waits for ever.
#[derive(Debug)]
pub struct StreamReply {
    outbox: Option<Arc<Outbox>>,
    tag: u64,
    /// The span of its batch, which ends with the last answer.
    _publish: Span,
}

impl ReplyTo {
    /// Sends the outcome; returns a stream that must be woken.
    pub(super) fn send(self, outcome: Outcome) -> Option<Arc<Outbox>> {
        match self {
            ReplyTo::Call(call) => {
                // The client may be gone.
                let _ = call.send(outcome);
                None
            }
            ReplyTo::Stream(reply) => reply.send(outcome),
        }
    }
}

impl StreamReply {
    /// Creates it for the request with the client's `tag`.
    pub fn new(outbox: Arc<Outbox>, tag: u64, publish: Span) -> Self {
        Self {
            outbox: Some(outbox),
            tag,
            _publish: publish,
        }
    }

    fn send(mut self, outcome: Outcome) -> Option<Arc<Outbox>> {
        let outbox = self.outbox.take()?;
        outbox.put(self.tag, outcome).then_some(outbox)
    }
}

impl Drop for StreamReply {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take()
            && outbox.put(self.tag, Err(Rejection::new(Unavailable::ShuttingDown)))
        {
            outbox.wake();
        }
    }
}
