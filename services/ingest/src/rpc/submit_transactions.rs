//! SubmitTransactions: many on one stream. The reader takes all requests that have arrived, checks them together,
//! and submits them as soon as there is room: without room it stops reading, and HTTP/2 flow control stops the client.

mod answers;
mod reader;

use std::sync::Arc;

use kit::server::stream::{Replies, replies};
use proto::ingest::v1::{SubmitTransactionsRequest, SubmitTransactionsResponse};
use tonic::Streaming;

use self::answers::Answers;
use self::reader::Reader;
use crate::outbox::Outbox;
use crate::rejection::Rejection;
use crate::state::Ingest;

pub(super) fn handle(
    ingest: Arc<Ingest>,
    requests: Streaming<SubmitTransactionsRequest>,
) -> Result<Replies<SubmitTransactionsResponse>, Rejection> {
    let core = ingest.open()?.core.clone();
    let (stream, shutdown) = (ingest.stream(), ingest.shutdown.clone());
    let outbox = Arc::new(Outbox::new(Arc::clone(&ingest.unread)));
    let reader = Reader::new(ingest, stream, Arc::clone(&outbox), requests);
    let reader = tokio::spawn(reader.run());
    // The reader ends the stream when the service stops.
    let answers = Answers::new(outbox, reader, core, stream);
    Ok(replies(answers, shutdown))
}
