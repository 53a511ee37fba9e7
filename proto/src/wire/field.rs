//! Single fields: hex, accounts, times, and the error that names the field.

use chain::{Account, Hash};
use prost_types::Timestamp;

use crate::reason;

/// A field does not translate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Error {
    /// Path of the field in the request, such as `transaction.recipient`.
    pub field: String,
    /// One of [`crate::reason`], or the name of a verdict.
    pub reason: &'static str,
    /// The fault, and how to fix it.
    pub message: String,
}

impl Error {
    /// An error for a malformed field.
    pub fn bad(field: &str, message: impl Into<String>) -> Self {
        Self::new(field, reason::BAD_FIELD, message)
    }

    /// An error with any other reason.
    pub fn new(field: &str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            reason,
            message: message.into(),
        }
    }
}

/// The value of a required field.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| {
        Error::new(
            field,
            reason::MISSING_FIELD,
            "is required; set it in the request",
        )
    })
}

/// The beginning of a foreign text, for a message, so that the size of messages does not depend on the sender.
pub fn excerpt(text: &str) -> String {
    const MOST_CHARS: usize = 64;
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}

/// A hash or an id: 64 hex digits of either case.
pub fn hash(field: &str, text: &str) -> Result<Hash, Error> {
    if text.is_empty() {
        return Err(Error::new(
            field,
            reason::MISSING_FIELD,
            "is required: 64 hex digits",
        ));
    }
    text.parse().map_err(|_| {
        Error::bad(
            field,
            format!("expected 64 hex digits, found {} characters", text.len()),
        )
    })
}

/// Bytes from hex.
pub fn hex_bytes(field: &str, text: &str) -> Result<Vec<u8>, Error> {
    hex::decode(text).map_err(|error| Error::bad(field, format!("is not hex: {error}")))
}

/// An account in its text form.
pub fn account(field: &str, text: &str) -> Result<Account, Error> {
    if text.is_empty() {
        return Err(Error::new(
            field,
            reason::MISSING_FIELD,
            "is required: bl1… or a name",
        ));
    }
    text.parse().map_err(|error| {
        Error::new(
            field,
            "BAD_ACCOUNT",
            format!("{} is not an account: {error}", excerpt(text)),
        )
    })
}

/// Milliseconds since the Unix epoch as a timestamp.
pub fn timestamp(ms: u64) -> Timestamp {
    Timestamp {
        // Milliseconds of a u64 divided by 1000 always fit an i64.
        seconds: (ms / 1000) as i64,
        nanos: (ms % 1000) as i32 * 1_000_000,
    }
}

/// A timestamp as milliseconds since the Unix epoch; times before the epoch are refused.
pub fn timestamp_ms(field: &str, time: &Timestamp) -> Result<u64, Error> {
    let ms = i128::from(time.seconds) * 1000 + i128::from(time.nanos) / 1_000_000;
    u64::try_from(ms).map_err(|_| Error::bad(field, "lies before 1970-01-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_do_not_grow_with_what_was_sent() {
        assert_eq!(excerpt("Alice"), r#""Alice""#);
        for text in ["\u{1}", "é", "\u{10ffff}"] {
            let error = account("transaction.sender", &text.repeat(100_000)).unwrap_err();
            assert!(error.to_string().len() <= 1024, "{error}");
        }
    }
}
