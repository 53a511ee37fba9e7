//! What librdkafka has to say, into the log: repeated lines are held back, since of a broker that is down every client
//! says so several times a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Statistics};

use super::statistics::{Clients, Place};

/// Lines of one kind come at most this often.
const QUIET: Duration = Duration::from_secs(10);
/// Kinds of lines remembered; a fresh start beyond.
const MAX_KINDS: usize = 256;

/// A process has a client for each partition, and one more for this and that: when a broker is away, all say so.
static SAID: Mutex<Said> = Mutex::new(Said(BTreeMap::new()));

/// The context of every client.
#[derive(Default)]
pub(super) struct Context {
    /// Where it tells its figures, if it is one of those that do.
    place: Option<Place>,
    /// Why the brokers and this client refused each other last.
    refusal: Mutex<Option<String>>,
}

/// Kinds of lines: when one of each was said last, and how many were held back since.
struct Said(BTreeMap<String, (Instant, u64)>);

impl Context {
    /// Of a client that tells its figures.
    pub(super) fn telling(clients: &Arc<Clients>) -> Context {
        Context {
            place: Some(clients.enter()),
            ..Context::default()
        }
    }

    /// Why the brokers and this client refused each other, since the last answer.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().clone()
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        self.refusal.lock().take();
    }
}

impl Said {
    /// Whether a line of this kind may be said now, and how many were held back before it.
    fn may_say(&mut self, kind: &str, now: Instant) -> Option<u64> {
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
        // Lost connections and the like come once per broker thread.
        let Some(held_back) = SAID.lock().may_say(facility, Instant::now()) else {
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
            // Logged already, with the thread that met it.
            return;
        }
        if let Some(advice) = code.and_then(advice) {
            *self.refusal.lock() = Some(format!("{reason}; {advice}"));
        }
        let kind = format!("{code:?}");
        if let Some(held_back) = SAID.lock().may_say(&kind, Instant::now()) {
            tracing::warn!(target: "librdkafka", ?code, held_back, "{reason}");
        }
    }

    fn stats(&self, statistics: Statistics) {
        if let Some(place) = &self.place {
            place.tell(&statistics);
        }
    }
}

impl ConsumerContext for Context {}

/// What to look at when a broker and a client refuse each other.
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

/// librdkafka's number of a level.
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
        let mut said = Said(BTreeMap::new());
        let now = Instant::now();
        assert_eq!(said.may_say("FAIL", now), Some(0));
        assert_eq!(said.may_say("FAIL", now + QUIET / 2), None);
        assert_eq!(said.may_say("other", now + QUIET / 2), Some(0));
        assert_eq!(said.may_say("FAIL", now + QUIET), Some(1));
    }
}
