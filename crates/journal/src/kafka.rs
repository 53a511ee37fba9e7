//! The Kafka provider: topics of a cluster, through librdkafka.
//!
//! One producer per topic with its own thread, one consumer per reader on the caller's thread, one client for requests.
//! Consumers get explicit offsets; consumer groups only show positions to Kafka's tools.
//!
//! Each kind of client is replaced in its own way: the client for requests after a while without an answer
//! (`kafka/requests.rs`), a consumer whenever it must read elsewhere (`kafka/read.rs`), a producer after a failed record, once
//! nothing is in flight on the old one (`kafka/produce.rs`).

mod admin;
mod cluster;
mod commit;
mod config;
mod context;
mod created;
mod error;
mod events;
mod native;
mod produce;
mod read;
mod registry;
mod requests;
mod statistics;
mod wait;

use std::collections::HashMap;
use std::sync::{Arc, Once};
use std::time::Duration;

use opentelemetry::metrics::Meter;
use parking_lot::Mutex;

use self::cluster::{Cluster, TIMEOUT};
use self::commit::Committer;
use self::produce::Producer;
pub(crate) use self::read::Reader;
use crate::append::{AppendError, Entry, Sink};
use crate::error::Error;
use crate::in_flight::InFlight;
use crate::options::Options;
use crate::record::Offsets;
use crate::topic::{Creation, Description, TopicSpec};

/// A journal on Kafka.
#[derive(Clone)]
pub(crate) struct Kafka {
    cluster: Arc<Cluster>,
    inner: Arc<Inner>,
}

struct Inner {
    /// The producer of each topic.
    producers: Mutex<HashMap<String, Arc<Producer>>>,
    committer: Mutex<Option<Committer>>,
    observed: Once,
}

impl Kafka {
    /// Creates the clients; the brokers are not contacted yet.
    pub(crate) fn open(brokers: &str, prefix: &str, options: &Options) -> Result<Kafka, Error> {
        let inner = Inner {
            producers: Mutex::default(),
            committer: Mutex::default(),
            observed: Once::new(),
        };
        Ok(Kafka {
            cluster: Arc::new(Cluster::new(brokers, prefix, options)?),
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn topic_name(&self, name: &str) -> String {
        self.cluster.topic_name(name)
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        admin::create(&self.cluster, spec)
    }

    pub(crate) fn describe(&self, expected: &TopicSpec) -> Result<Option<Description>, Error> {
        admin::describe(&self.cluster, expected)
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        self.cluster.offsets(topic, partition, TIMEOUT)
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        let producer = self.producer(topic)?;
        let in_flight = InFlight::new(sink);
        let number = producer
            .registry()
            .register(&in_flight)
            .ok_or_else(|| Error::Unavailable("too many appenders".into()))?;
        Ok(Appender {
            producer,
            in_flight,
            number,
        })
    }

    /// The producer of a topic.
    fn producer(&self, topic: &str) -> Result<Arc<Producer>, Error> {
        let producers = &self.inner.producers;
        if let Some(producer) = producers.lock().get(topic) {
            return Ok(Arc::clone(producer));
        }
        // Not locked: the brokers may take long to answer, and appenders of other topics must not wait for that.
        let batch_bytes = self.batch_bytes(topic)?;
        let mut producers = producers.lock();
        if let Some(producer) = producers.get(topic) {
            return Ok(Arc::clone(producer));
        }
        let Cluster {
            config, clients, ..
        } = &*self.cluster;
        let name = self.topic_name(topic);
        let producer = Arc::new(Producer::new(config, &name, batch_bytes, clients)?);
        producers.insert(topic.to_owned(), Arc::clone(&producer));
        Ok(producer)
    }

    /// The largest batch that may be sent to a topic, in bytes.
    fn batch_bytes(&self, topic: &str) -> Result<u32, Error> {
        // A producer would create a missing topic if the brokers allow it, with the brokers' settings.
        self.cluster.shape(topic)?;
        let batch_bytes = match admin::largest_batch(&self.cluster, topic) {
            Ok(Some(largest)) => largest.saturating_sub(config::BATCH_OVERHEAD_BYTES).max(1),
            Err(error) if error.is_retryable() => return Err(error),
            // A client that may write need not be allowed to read settings.
            Ok(None) | Err(_) => config::SAFE_BATCH_BYTES,
        };
        Ok(batch_bytes.min(config::MAX_BATCH_BYTES))
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        Reader::new(Arc::clone(&self.cluster), topic, partition, from)
    }

    pub(crate) fn commit_position(
        &self,
        group: &str,
        topic: &str,
        partition: u32,
        offset: u64,
    ) -> Result<(), Error> {
        let mut committer = self.inner.committer.lock();
        let committer = match &*committer {
            Some(committer) => committer,
            None => committer.insert(Committer::start(&self.cluster.config)?),
        };
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let (group, topic) = (self.topic_name(group), self.topic_name(topic));
        committer.commit(group, topic, partition, offset);
        Ok(())
    }

    /// Defines the metrics of its clients.
    pub(crate) fn observe(&self, meter: &Meter) {
        let Inner { observed, .. } = &*self.inner;
        observed.call_once(|| self.cluster.clients.observe(meter));
    }
}

/// Appends to one topic.
pub(crate) struct Appender {
    producer: Arc<Producer>,
    in_flight: Arc<InFlight>,
    number: u16,
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.producer.registry().unregister(self.number);
    }
}

impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        self.producer
            .append(&self.in_flight, self.number, token, entry)
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.in_flight.flush(timeout)
    }
}
