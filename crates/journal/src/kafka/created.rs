//! Topics that were made a moment ago: not every broker knows them yet.
//!
//! A new topic is known to the controller first, and to each broker a little later. A broker that does not know it reports that
//! there is none, and librdkafka repeats that for a while. A process that has just made a topic, or has seen it for the first
//! time, knows better.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Error;

/// How long brokers may take to know a topic.
const SETTLING: Duration = Duration::from_secs(10);

/// When topics were made, or seen first.
#[derive(Default)]
pub(super) struct Created(Mutex<HashMap<String, Instant>>);

impl Created {
    /// The topic is there; it may be new.
    pub(super) fn seen(&self, topic: &str, now: Instant) {
        let mut topics = self.0.lock();
        if !topics.contains_key(topic) {
            topics.insert(topic.to_owned(), now);
        }
    }

    /// The topic was made now, by us or by somebody who was faster.
    pub(super) fn made(&self, topic: &str, now: Instant) {
        self.0.lock().insert(topic.to_owned(), now);
    }

    /// The error when a broker does not know a topic.
    pub(super) fn missing(&self, topic: &str, now: Instant) -> Error {
        let since = self.0.lock().get(topic).copied();
        match since.filter(|since| now.saturating_duration_since(*since) < SETTLING) {
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
        created.made("made", now);
        let later = now + SETTLING;
        for name in ["seen", "made"] {
            assert!(created.missing(name, now).is_retryable());
            // Deleted, then.
            assert_eq!(created.missing(name, later), Error::NoTopic(name.into()));
        }
        created.seen("seen", later);
        created.made("made", later);
        assert!(!created.missing("seen", later).is_retryable());
        assert!(created.missing("made", later).is_retryable());
        assert_eq!(created.missing("none", now), Error::NoTopic("none".into()));
    }
}
