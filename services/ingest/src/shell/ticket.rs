//! The caller's side of a submission: where its outcome goes.

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
    /// Where the outcome goes.
    pub reply_to: ReplyTo,
    /// The room that the submission takes until then.
    pub permit: Permit,
    /// When it was submitted.
    pub since: Instant,
}

/// Where an outcome goes.
#[derive(Debug)]
pub enum ReplyTo {
    /// To a unary call.
    Call(oneshot::Sender<Outcome>),
    /// To a stream.
    Stream(StreamReply),
}

/// The answer that a request of a stream waits for. Dropped unanswered it answers that the service ends, so that no stream
/// waits for ever.
#[derive(Debug)]
pub struct StreamReply {
    outbox: Option<Arc<Outbox>>,
    tag: u64,
    /// The span of its batch, which ends with the last of them.
    _publish: Span,
}

impl ReplyTo {
    /// Sends the outcome; returns a stream that has to be woken.
    pub(super) fn send(self, outcome: Outcome) -> Option<Arc<Outbox>> {
        match self {
            ReplyTo::Call(call) => {
                // The client may have gone away.
                let _ = call.send(outcome);
                None
            }
            ReplyTo::Stream(reply) => reply.send(outcome),
        }
    }
}

impl StreamReply {
    /// For the request that the client calls `tag`.
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
