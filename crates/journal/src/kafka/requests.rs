//! The client for requests.
//!
//! librdkafka caches the leader of a partition, and asks that broker until the request times out, even if it is gone: after a
//! request without an answer the leader is looked up again ([`Requests::refresh`]). A client without answers for long is
//! recreated: it may have lost track of brokers that return (confluentinc/librdkafka#5430 is one cause).

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use super::config::Config;
use super::context::Context;
use super::error;
use crate::error::Error;
use crate::outage::Outage;

/// Time without an answer after which the client is recreated: longer than an election of a leader takes.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(30);
/// Events of a client that are drained at once.
const EVENTS: usize = 64;

/// The current client.
pub(super) struct Requests {
    config: Config,
    state: Mutex<State>,
}

struct State {
    client: Arc<BaseConsumer<Context>>,
    silence: Outage,
}

impl Requests {
    pub(super) fn new(config: &Config) -> Result<Requests, Error> {
        let state = State {
            client: create(config)?,
            silence: Outage::default(),
        };
        Ok(Requests {
            config: config.clone(),
            state: Mutex::new(state),
        })
    }

    pub(super) fn client(&self) -> Arc<BaseConsumer<Context>> {
        Arc::clone(&self.state.lock().client)
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        let mut state = self.state.lock();
        state.silence.end();
        state.client.context().answered();
    }

    /// The error of a request without an answer: librdkafka reports the timeout, and the cause in a separate event.
    pub(super) fn failed(&self, failure: &KafkaError, what: &str) -> Error {
        let client = self.client();
        // The client has no partitions, so it delivers only events.
        for _ in 0..EVENTS {
            client.poll(Duration::ZERO);
        }
        let error = error::general(failure, what);
        if !matches!(error, Error::Unavailable(_)) {
            return error;
        }
        self.silent(Instant::now());
        client
            .context()
            .refusal()
            .map_or(error, Error::Unauthenticated)
    }

    /// Looks up the leaders of the partitions of a topic again.
    pub(super) fn refresh(&self, topic: &str, timeout: Duration) -> Result<(), KafkaError> {
        self.client().fetch_metadata(Some(topic), timeout).map(drop)
    }

    fn silent(&self, now: Instant) {
        let mut state = self.state.lock();
        if state.silence.failed(now) < GIVEN_UP_AFTER {
            return;
        }
        match create(&self.config) {
            Ok(client) => {
                tracing::warn!(
                    seconds = GIVEN_UP_AFTER.as_secs(),
                    "no broker has answered: the client is recreated"
                );
                state.client = client;
                state.silence.end();
            }
            Err(error) => {
                tracing::warn!(%error, "no new client can be created; the next request tries again")
            }
        }
    }
}

fn create(config: &Config) -> Result<Arc<BaseConsumer<Context>>, Error> {
    BaseConsumer::from_config_and_context(&config.requesting(), Context::default())
        .map(Arc::new)
        .map_err(|failure| error::general(&failure, "the client"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn a_client_that_nobody_answers_is_recreated() {
        let config =
            Config::new("127.0.0.1:1", "g".into(), &Options::default()).expect("it is one");
        let requests = Requests::new(&config).expect("a client");
        let first = requests.client();
        let begun = Instant::now();
        requests.silent(begun);
        requests.silent(begun + GIVEN_UP_AFTER - Duration::from_millis(1));
        assert!(Arc::ptr_eq(&first, &requests.client()));
        requests.answered();
        requests.silent(begun + GIVEN_UP_AFTER);
        assert!(
            Arc::ptr_eq(&first, &requests.client()),
            "it was answered in between"
        );
        requests.silent(begun + 2 * GIVEN_UP_AFTER);
        assert!(!Arc::ptr_eq(&first, &requests.client()));
    }
}
