//! What librdkafka has to say, into the log: repeated lines are held back, since a broker that is down says so several
//! times a second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Lines of one kind come at most this often.
const QUIET: Duration = Duration::from_secs(10);
/// Kinds of lines remembered; a fresh start beyond.
const MAX_KINDS: usize = 256;

/// The context of every client.
#[derive(Default)]
pub(super) struct Context {
    said: Mutex<HashMap<String, Said>>,
}

/// One kind of line.
struct Said {
    at: Instant,
    held_back: u64,
}

impl Context {
    /// Whether a line of this kind may be said now, and how many were held back before it.
    fn may_say(&self, kind: &str) -> Option<u64> {
        let mut said = self.said.lock();
        let now = Instant::now();
        if let Some(said) = said.get_mut(kind) {
            if now - said.at < QUIET {
                said.held_back += 1;
                return None;
            }
            said.at = now;
            return Some(std::mem::take(&mut said.held_back));
        }
        if said.len() >= MAX_KINDS {
            said.clear();
        }
        said.insert(
            kind.to_owned(),
            Said {
                at: now,
                held_back: 0,
            },
        );
        Some(0)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // Lost connections and the like come as errors too, and once per broker thread.
        let Some(held_back) = self.may_say(facility) else {
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
        if let Some(held_back) = self.may_say(&format!("{code:?}")) {
            tracing::warn!(target: "librdkafka", ?code, held_back, "{reason}");
        }
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Context {}

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
        let context = Context::default();
        assert_eq!(context.may_say("FAIL"), Some(0));
        assert_eq!(context.may_say("FAIL"), None);
        assert_eq!(context.may_say("other"), Some(0));
        for said in context.said.lock().values_mut() {
            said.at -= QUIET;
        }
        assert_eq!(context.may_say("FAIL"), Some(1));
    }
}
