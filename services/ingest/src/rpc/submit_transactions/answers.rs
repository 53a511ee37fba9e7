//! The sending half of the stream.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use kit::server::stream::Source;
use proto::ingest::v1::SubmitTransactionsResponse;
use proto::ingest::v1::submit_transactions_response::Outcome as Wire;
use tokio::task::JoinHandle;
use tonic::Status;

use super::super::call;
use super::reader::End;
use crate::core::Outcome;
use crate::errors;
use crate::outbox::{Outbox, Size, Taken};
use crate::rejection::{Rejection, Unavailable};
use crate::shell::Handle;

/// The answers to one client. When the client is gone they are dropped, and reading stops, too.
pub struct Answers {
    outbox: Arc<Outbox>,
    reader: JoinHandle<End>,
    core: Handle,
    stream: u64,
    /// Taken from the outbox and not sent yet.
    ready: vec::IntoIter<(u64, Outcome)>,
    /// The room of the answers taken last.
    taken: Option<Size>,
}

impl Answers {
    pub(super) fn new(
        outbox: Arc<Outbox>,
        reader: JoinHandle<End>,
        core: Handle,
        stream: u64,
    ) -> Self {
        Self {
            outbox,
            reader,
            core,
            stream,
            ready: Vec::new().into_iter(),
            taken: None,
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.reader.abort();
        self.core.close(self.stream);
    }
}

impl Source for Answers {
    type Reply = SubmitTransactionsResponse;
    type Error = Status;

    async fn next(&mut self, _: Duration) -> Result<Option<SubmitTransactionsResponse>, Status> {
        loop {
            if let Some((tag, outcome)) = self.ready.next() {
                return Ok(Some(encode(tag, outcome)));
            }
            // Only now: a client that does not read gets no more room.
            if let Some(size) = self.taken.take() {
                self.outbox.left(size);
            }
            match self.outbox.take().await {
                Taken::Answers(answers, size) => {
                    self.ready = answers.into_iter();
                    self.taken = Some(size);
                }
                Taken::End => return ending((&mut self.reader).await.ok()).map_or(Ok(None), Err),
            }
        }
    }

    /// The reader ends the stream, after the last answer.
    fn shutting_down(&self) -> Option<Status> {
        None
    }
}

/// The error that ends the stream, if any.
fn ending(end: Option<End>) -> Option<Status> {
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
