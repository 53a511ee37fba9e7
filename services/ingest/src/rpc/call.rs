//! Common to both ways to submit.

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

/// Longest wait for a submission without a deadline. The journal gives up sooner, so that its answer comes first: it
/// knows whether the record was persisted.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Part of the client's deadline kept for the reply: the outcome must arrive before the client hangs up.
const WAY_BACK: Duration = Duration::from_millis(150);

const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-protobuf");

/// A child span of the call, open until the records are durable.
pub fn publish_span(ingest: &Ingest, call: &TraceContext) -> Span {
    ingest.topic.span(Operation::Publish, call)
}

/// The headers of untraced records, shared by all.
static UNTRACED: LazyLock<Headers> = LazyLock::new(|| vec![content_type()].into());

/// The headers of records: content type and context of the span that appends them.
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

/// Notes on the span where the record landed, or why it did not.
pub fn note(publish: &Span, outcome: &Outcome) {
    match outcome {
        Ok(receipt) => {
            messaging::set_position(publish, receipt.partition, receipt.appended.offset);
        }
        Err(_) if publish.is_disabled() => {}
        Err(rejection) => messaging::fail(publish, errors::message(rejection.clone()).reason),
    }
}

/// Longest wait of a call for its outcome.
pub fn patience(deadline: Option<&Deadline>) -> Duration {
    let Some(deadline) = deadline else {
        return PATIENCE;
    };
    let remaining = deadline.remaining();
    // A caller in a hurry keeps at least half of its time.
    (remaining - WAY_BACK.min(remaining / 2)).min(PATIENCE)
}

/// The receipt in readable form.
pub fn encode(receipt: Receipt) -> SubmitTransactionResponse {
    let appended = receipt.appended;
    SubmitTransactionResponse {
        transaction: Some(wire::from_transaction(
            &receipt.transaction,
            Some(receipt.id),
        )),
        position: Some(Position {
            partition: Some(receipt.partition),
            offset: appended.offset,
        }),
        // A journal that does not report the offset does not report the time either.
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
