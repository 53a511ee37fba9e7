//! Trace contexts in the headers of records.

use bytes::Bytes;
use journal::trace::{TRACEPARENT, sampled};

#[test]
fn only_sampled_traces_count() {
    let of = |text: &'static str| {
        let headers = [(TRACEPARENT.to_owned(), Bytes::from_static(text.as_bytes()))];
        sampled(&headers).map(|sampled| sampled.trace_id[15])
    };
    for (text, expected) in [
        (
            "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01",
            Some(16),
        ),
        (
            "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-03",
            Some(16),
        ),
        (
            "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-00",
            None,
        ),
        (
            "00-00000000000000000000000000000000-0102030405060708-01",
            None,
        ),
        (
            "00-0102030405060708090a0b0c0d0e0f10-0000000000000000-01",
            None,
        ),
        (
            "ff-0102030405060708090a0b0c0d0e0f10-0102030405060708-01",
            None,
        ),
        (
            "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-+1",
            None,
        ),
        (
            "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01-",
            None,
        ),
        ("00-0102030405060708090a0b0c0d0e0f10-0102030405060708", None),
        ("rubbish", None),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    assert_eq!(sampled(&[]), None);
}
