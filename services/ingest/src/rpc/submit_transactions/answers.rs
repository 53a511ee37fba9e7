//! The half of the stream that answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::vec;

use proto::ingest::v1::SubmitTransactionsResponse;
use proto::ingest::v1::submit_transactions_response::Outcome as Wire;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::Status;

use super::super::call;
use super::reader::End;
use crate::core::Outcome;
use crate::errors;
use crate::outbox::{Outbox, Size, Taken};
use crate::rejection::{Rejection, Unavailable};
use crate::shell::Handle;

type Taking = Pin<Box<dyn Future<Output = Taken> + Send>>;

/// The answers to one client. Dropped when the client has gone; then nothing more is read either.
pub struct Answers {
    outbox: Arc<Outbox>,
    reader: JoinHandle<End>,
    core: Handle,
    stream: u64,
    state: State,
}

enum State {
    /// Waiting for answers.
    Taking(Taking),
    /// Handing out answers that take so much room.
    Giving(vec::IntoIter<(u64, Outcome)>, Size),
    /// All are handed out; the reader says why it ended.
    Ending,
    Ended,
}

impl Answers {
    pub(super) fn new(
        outbox: Arc<Outbox>,
        reader: JoinHandle<End>,
        core: Handle,
        stream: u64,
    ) -> Self {
        let state = State::Taking(taking(&outbox));
        Self {
            outbox,
            reader,
            core,
            stream,
            state,
        }
    }
}

fn taking(outbox: &Arc<Outbox>) -> Taking {
    let outbox = Arc::clone(outbox);
    Box::pin(async move { outbox.take().await })
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.reader.abort();
        self.core.close(self.stream);
    }
}

impl Stream for Answers {
    type Item = Result<SubmitTransactionsResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Taking(taking) => {
                    this.state = match ready!(taking.as_mut().poll(context)) {
                        Taken::Answers(answers, size) => State::Giving(answers.into_iter(), size),
                        Taken::End => State::Ending,
                    };
                }
                State::Giving(answers, size) => {
                    if let Some((tag, outcome)) = answers.next() {
                        return Poll::Ready(Some(Ok(encode(tag, outcome))));
                    }
                    // Only now: a client that does not read is given no more room.
                    this.outbox.left(*size);
                    this.state = State::Taking(taking(&this.outbox));
                }
                State::Ending => {
                    let end = ready!(Pin::new(&mut this.reader).poll(context));
                    this.state = State::Ended;
                    return Poll::Ready(last_word(end.ok()).map(Err));
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

fn last_word(end: Option<End>) -> Option<Status> {
    match end {
        Some(End::Complete) => None,
        Some(End::Broken(status)) => Some(*status),
        Some(End::ShuttingDown) => Some(Rejection::new(Unavailable::ShuttingDown).into()),
        None => Some(errors::unreadable()),
    }
}

fn encode(tag: u64, outcome: Outcome) -> SubmitTransactionsResponse {
    let outcome = match outcome {
        Ok(receipt) => Wire::Accepted(call::encode(receipt)),
        Err(rejection) => Wire::Refused(errors::message(rejection)),
    };
    SubmitTransactionsResponse {
        tag,
        outcome: Some(outcome),
    }
}
