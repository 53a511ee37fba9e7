//! What both ways to submit have in common.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use kit::TraceContext;
use kit::messaging::{self, Operation};
use kit::server::Deadline;
use proto::ingest::v1::SubmitTransactionResponse;
use proto::types::v1::Position;
use proto::wire;
use tracing::Span;

use crate::core::{Headers, Outcome, Receipt};
use crate::errors;
use crate::state::Ingest;

/// How long a submission may take that brings no deadline. Longer than the log itself tries, so that the log's answer
/// comes first: it knows whether the record was persisted.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Kept of the client's own deadline for the answer's way back: an outcome is to be named before the client hangs up.
const WAY_BACK: Duration = Duration::from_millis(150);

const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-protobuf");

/// A span from here until the records are durable, below that of the call.
pub fn publish_span(ingest: &Ingest, call: &TraceContext) -> Span {
    ingest.topic.span(Operation::Publish, call)
}

/// The headers of records that nobody traces: the same for all.
static UNTRACED: LazyLock<Headers> = LazyLock::new(|| vec![content_type()].into());

/// The headers of records: their type, and the span that appends them.
pub fn record_headers(publish: &Span) -> Headers {
    if publish.is_disabled() {
        return UNTRACED.clone();
    }
    let mut headers = vec![content_type()];
    TraceContext::of(publish).inject_headers(&mut headers);
    headers.into()
}

fn content_type() -> (String, Bytes) {
    let (name, value) = CONTENT_TYPE;
    (name.to_owned(), Bytes::from_static(value.as_bytes()))
}

/// Says on the span where the record is, or why it is nowhere.
pub fn note(publish: &Span, outcome: &Outcome) {
    match outcome {
        Ok(receipt) => {
            messaging::set_position(publish, receipt.partition, receipt.appended.offset);
        }
        Err(_) if publish.is_disabled() => {}
        Err(rejection) => messaging::fail(publish, errors::message(rejection.clone()).reason),
    }
}

/// How long a call waits for its outcome.
pub fn patience(deadline: Option<&Deadline>) -> Duration {
    let Some(deadline) = deadline else {
        return PATIENCE;
    };
    let remaining = deadline.remaining();
    // A client in a hurry keeps at least half of its time.
    (remaining - WAY_BACK.min(remaining / 2)).min(PATIENCE)
}

/// The receipt as people read it.
pub fn encode(receipt: Receipt) -> SubmitTransactionResponse {
    let appended = receipt.appended;
    SubmitTransactionResponse {
        transaction: Some(wire::from_transaction(&receipt.transaction, &receipt.id)),
        position: Some(Position {
            partition: Some(receipt.partition),
            offset: appended.offset,
        }),
        // Who does not tell the offset does not tell the time either.
        append_time: appended
            .offset
            .is_some()
            .then(|| wire::timestamp(appended.append_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_leaves_before_the_client_hangs_up() {
        let now = tokio::time::Instant::now();
        let within = |ms| {
            let at = now + Duration::from_millis(ms);
            patience(Some(&Deadline { at }))
        };
        assert_eq!(patience(None), PATIENCE);
        assert_eq!(within(3_600_000), PATIENCE);
        assert!(within(1000) <= Duration::from_millis(850));
        assert!(within(100) <= Duration::from_millis(50));
        assert_eq!(within(0), Duration::ZERO);
    }
}
