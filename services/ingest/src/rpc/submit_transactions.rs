//! SubmitTransactions: many on one stream. The reader takes what has arrived, checks it together, and submits it as soon
//! as there is room: without room it stops reading, and HTTP/2 flow control stops the client.

mod answers;
mod reader;

use std::sync::Arc;

use proto::ingest::v1::SubmitTransactionsRequest;
use tonic::Streaming;

pub use self::answers::Answers;
use self::reader::Reader;
use crate::outbox::Outbox;
use crate::rejection::Rejection;
use crate::state::Ingest;

pub(super) fn handle(
    ingest: Arc<Ingest>,
    requests: Streaming<SubmitTransactionsRequest>,
) -> Result<Answers, Rejection> {
    let core = ingest.open()?.core.clone();
    let stream = ingest.stream();
    let outbox = Arc::new(Outbox::new(Arc::clone(&ingest.unread)));
    let reader = Reader::new(ingest, stream, Arc::clone(&outbox), requests);
    let reader = tokio::spawn(reader.run());
    Ok(Answers::new(outbox, reader, core, stream))
}
