//! What both ways to submit have in common.

use std::time::Duration;

use bytes::Bytes;
use proto::ingest::v1::SubmitTransactionResponse;
use proto::types::v1::Position;
use proto::wire;

use crate::core::{Headers, Receipt};

/// How long a submission may take that brings no deadline. Longer than the log itself tries, so that the log's answer
/// comes first: it knows whether the record was persisted.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Kept of the client's own deadline for the answer's way back: an outcome is to be named before the client hangs up.
const WAY_BACK: Duration = Duration::from_millis(150);

const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-protobuf");

/// The headers of the records of this call: their type, and the trace they belong to.
pub fn record_headers() -> Headers {
    let (name, value) = CONTENT_TYPE;
    let mut headers = vec![(name.to_owned(), Bytes::from_static(value.as_bytes()))];
    kit::TraceContext::current().inject_headers(&mut headers);
    headers.into()
}

/// How long a call with this metadata waits for its outcome.
pub fn patience(metadata: &tonic::metadata::MetadataMap) -> Duration {
    let text = metadata
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok());
    match text.and_then(parse_timeout) {
        // A client in a hurry keeps at least half of its time.
        Some(timeout) => (timeout - WAY_BACK.min(timeout / 2)).min(PATIENCE),
        None => PATIENCE,
    }
}

/// `grpc-timeout`: up to eight digits and a unit, as in the gRPC specification of HTTP/2.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
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
    fn timeouts_are_read_as_the_specification_has_them() {
        for (text, expected) in [
            ("1H", Some(3_600_000)),
            ("2M", Some(120_000)),
            ("3S", Some(3_000)),
            ("99999999m", Some(99_999_999)),
            ("5000u", Some(5)),
            ("100000000m", None),
            ("5", None),
            ("m", None),
            ("", None),
            ("ü", None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(parse_timeout(text), expected, "{text}");
        }
    }

    #[test]
    fn the_answer_leaves_before_the_client_hangs_up() {
        let mut metadata = tonic::metadata::MetadataMap::new();
        assert_eq!(patience(&metadata), PATIENCE);
        for (timeout, ms) in [
            ("1S", 850),
            ("100m", 50),
            ("1H", PATIENCE.as_millis() as u64),
        ] {
            metadata.insert("grpc-timeout", timeout.parse().unwrap());
            assert_eq!(patience(&metadata), Duration::from_millis(ms), "{timeout}");
        }
    }
}
