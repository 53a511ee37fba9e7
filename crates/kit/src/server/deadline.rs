//! The deadline of a call.

use std::time::Duration;

use tokio::time::Instant;

/// Header with the caller's timeout, e.g. `100m` for 100 ms.
const HEADER: &str = "grpc-timeout";

/// The transport has its own timer for `grpc-timeout`, which answers CANCELLED, and so has the client. Ours must fire before
/// both: earlier by a tenth of the timeout, at most this.
const MAX_LEAD: Duration = Duration::from_millis(20);

/// The time at which the server answers DEADLINE_EXCEEDED. Handlers find it in the extensions of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// On tokio's clock.
    pub at: Instant,
}

impl Deadline {
    /// The deadline of a call that arrives now: the caller's timeout, but at most `limit`; none if neither is given.
    pub(super) fn of(headers: &http::HeaderMap, limit: Option<Duration>) -> Option<Self> {
        let asked = headers
            .get(HEADER)
            .and_then(|value| parse(value.to_str().ok()?));
        let asked = asked.map(|timeout| timeout.saturating_sub(MAX_LEAD.min(timeout / 10)));
        let timeout = match (asked, limit) {
            (Some(asked), Some(limit)) => asked.min(limit),
            (asked, limit) => asked.or(limit)?,
        };
        Some(Self {
            at: Instant::now() + timeout,
        })
    }

    /// The remaining time; zero once the deadline has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// At most eight digits and a unit, by the gRPC specification.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_by_the_specification() {
        for (text, timeout) in [
            ("100m", Some(Duration::from_millis(100))),
            ("1H", Some(Duration::from_secs(3600))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("123456789m", None),
            ("m", None),
            ("", None),
            ("1x", None),
            ("-1m", None),
            ("1ä", None),
        ] {
            assert_eq!(parse(text), timeout, "{text}");
        }
    }

    #[test]
    fn the_limit_holds_whatever_the_caller_asks() {
        let mut headers = http::HeaderMap::new();
        assert_eq!(Deadline::of(&headers, None), None);
        headers.insert(HEADER, "1H".parse().unwrap());
        let deadline = Deadline::of(&headers, Some(Duration::from_secs(1))).unwrap();
        assert!(deadline.remaining() <= Duration::from_secs(1));
    }
}
