//! Recently created topics, which not every broker knows yet.
//!
//! A new topic is known to the controller first, and to each broker a little later. A broker that does not know it reports it
//! missing, and librdkafka caches that for a while. A process that has just created a topic, or first seen it, overrides that.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Error;

/// Longest time until all brokers know a topic.
const PROPAGATION: Duration = Duration::from_secs(10);

/// The time at which each topic was created, or first seen.
#[derive(Default)]
pub(super) struct Created(Mutex<HashMap<String, Instant>>);

impl Created {
    /// Records that the topic exists; it may be new.
    pub(super) fn seen(&self, topic: &str, now: Instant) {
        let mut topics = self.0.lock();
        if !topics.contains_key(topic) {
            topics.insert(topic.to_owned(), now);
        }
    }

    /// Records that the topic was just created, by this process or another.
    pub(super) fn created(&self, topic: &str, now: Instant) {
        self.0.lock().insert(topic.to_owned(), now);
    }

    /// The error for a topic that a broker does not know.
    pub(super) fn missing(&self, topic: &str, now: Instant) -> Error {
        let since = self.0.lock().get(topic).copied();
        match since.filter(|since| now.saturating_duration_since(*since) < PROPAGATION) {
            Some(_) => Error::Unavailable(format!(
                "topic {topic} is new, and a broker does not know it yet"
            )),
            None => Error::NoTopic(topic.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_topic_is_waited_for_and_another_one_is_missing() {
        let created = Created::default();
        let now = Instant::now();
        created.seen("seen", now);
        created.created("made", now);
        let later = now + PROPAGATION;
        for name in ["seen", "made"] {
            assert!(created.missing(name, now).is_retryable());
            // The topic was deleted.
            assert_eq!(created.missing(name, later), Error::NoTopic(name.into()));
        }
        created.seen("seen", later);
        created.created("made", later);
        assert!(!created.missing("seen", later).is_retryable());
        assert!(created.missing("made", later).is_retryable());
        assert_eq!(created.missing("none", now), Error::NoTopic("none".into()));
    }
}
