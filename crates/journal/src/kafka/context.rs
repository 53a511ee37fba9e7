//! Log lines and errors of librdkafka. Repeated lines are held back: while a broker is down, every client reports it several
//! times a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Statistics};

use super::statistics::{Clients, Registration};

/// Interval between two lines of one kind.
const QUIET: Duration = Duration::from_secs(10);
/// Kinds of lines remembered; beyond that the memory is cleared.
const MAX_KINDS: usize = 256;

/// Process-wide: when a broker is down, every client reports it.
static LIMIT: Mutex<RateLimit> = Mutex::new(RateLimit(BTreeMap::new()));

/// The context of every client.
#[derive(Default)]
pub(super) struct Context {
    /// Receives the client's statistics, if it reports any.
    registration: Option<Registration>,
    /// The last cause why the brokers and this client refused each other.
    refusal: Mutex<Option<String>>,
}

/// For each kind of line: time of the last line, and the number held back since.
struct RateLimit(BTreeMap<String, (Instant, u64)>);

impl Context {
    /// The context of a client that reports statistics.
    pub(super) fn reporting(clients: &Arc<Clients>) -> Context {
        Context {
            registration: Some(clients.register()),
            ..Context::default()
        }
    }

    /// The cause why the brokers and this client have refused each other since the last answer.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().clone()
    }

    /// Forgets the refusal: a broker has answered.
    pub(super) fn answered(&self) {
        self.refusal.lock().take();
    }
}

impl RateLimit {
    /// `None` to hold back a line of this kind; otherwise the number held back before it.
    fn admit(&mut self, kind: &str, now: Instant) -> Option<u64> {
        if let Some((at, held_back)) = self.0.get_mut(kind) {
            if now.saturating_duration_since(*at) < QUIET {
                *held_back += 1;
                return None;
            }
            *at = now;
            return Some(std::mem::take(held_back));
        }
        if self.0.len() >= MAX_KINDS {
            self.0.clear();
        }
        self.0.insert(kind.to_owned(), (now, 0));
        Some(0)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // Lost connections, for example, are reported once per broker thread.
        let Some(held_back) = LIMIT.lock().admit(facility, Instant::now()) else {
            return;
        };
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(target: "librdkafka", facility, held_back, "{message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "librdkafka", facility, held_back, "{message}");
            }
            _ => tracing::debug!(target: "librdkafka", facility, held_back, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        if matches!(error, KafkaError::PartitionEOF(_))
            || code == Some(RDKafkaErrorCode::PartitionEOF)
        {
            return;
        }
        if code == Some(RDKafkaErrorCode::BrokerTransportFailure) {
            // Already logged, with its thread.
            return;
        }
        if let Some(advice) = code.and_then(advice) {
            *self.refusal.lock() = Some(format!("{reason}; {advice}"));
        }
        let kind = format!("{code:?}");
        if let Some(held_back) = LIMIT.lock().admit(&kind, Instant::now()) {
            tracing::warn!(target: "librdkafka", ?code, held_back, "{reason}");
        }
    }

    fn stats(&self, statistics: Statistics) {
        if let Some(registration) = &self.registration {
            registration.update(&statistics);
        }
    }
}

impl ConsumerContext for Context {}

/// Advice for a broker and a client that refuse each other.
fn advice(code: RDKafkaErrorCode) -> Option<&'static str> {
    match code {
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => Some(
            "check sasl.mechanisms, sasl.username and sasl.password in --kafka-config, and that the brokers know this user",
        ),
        RDKafkaErrorCode::SSL => Some(
            "check security.protocol and ssl.ca.location in --kafka-config, and the name in the brokers' certificate",
        ),
        _ => None,
    }
}

/// The level for librdkafka's number.
pub(super) fn level(number: i32) -> RDKafkaLogLevel {
    match number {
        0 => RDKafkaLogLevel::Emerg,
        1 => RDKafkaLogLevel::Alert,
        2 => RDKafkaLogLevel::Critical,
        3 => RDKafkaLogLevel::Error,
        4 => RDKafkaLogLevel::Warning,
        5 => RDKafkaLogLevel::Notice,
        6 => RDKafkaLogLevel::Info,
        _ => RDKafkaLogLevel::Debug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_are_held_back() {
        let mut limit = RateLimit(BTreeMap::new());
        let now = Instant::now();
        assert_eq!(limit.admit("FAIL", now), Some(0));
        assert_eq!(limit.admit("FAIL", now + QUIET / 2), None);
        assert_eq!(limit.admit("other", now + QUIET / 2), Some(0));
        assert_eq!(limit.admit("FAIL", now + QUIET), Some(1));
    }
}
