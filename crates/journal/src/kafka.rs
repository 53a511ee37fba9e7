//! The Kafka provider: topics of a cluster, by librdkafka.
//!
//! One producer per topic with a thread of its own, one consumer per reader on the caller's thread, one client for
//! questions. Consumers are told their offsets; consumer groups only show positions to Kafka's own tools.

mod admin;
mod asking;
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
mod statistics;
mod wait;

use std::collections::HashMap;
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::Meter;
use parking_lot::Mutex;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;

use self::asking::Asking;
use self::commit::Committer;
use self::config::Config;
use self::created::Created;
use self::produce::Producer;
pub(crate) use self::read::Reader;
use self::statistics::Clients;
use crate::Error;
use crate::append::{AppendError, Entry, Outlet, Sink};
use crate::handle::Options;
use crate::record::Offsets;
use crate::topic::{Creation, Description, TopicSpec};

/// How long one question waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long questions are repeated while the brokers are in motion.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between repetitions.
const PAUSE: Duration = Duration::from_millis(100);

/// A journal on Kafka.
#[derive(Clone)]
pub(crate) struct Kafka {
    inner: Arc<Inner>,
}

struct Inner {
    prefix: String,
    config: Config,
    replication: Option<u16>,
    min_insync: Option<u16>,
    /// For questions.
    asking: Asking,
    /// By topic.
    producers: Mutex<HashMap<String, Arc<Producer>>>,
    created: Created,
    committer: Mutex<Option<Committer>>,
    /// What the clients count.
    clients: Arc<Clients>,
    observed: Once,
}

impl Kafka {
    /// Sets the clients up; the brokers are not contacted yet.
    pub(crate) fn open(brokers: &str, prefix: &str, options: &Options) -> Result<Kafka, Error> {
        let config = Config::new(brokers, prefixed(prefix, "reader"), options)?;
        let asking = Asking::new(&config)?;
        let inner = Inner {
            prefix: prefix.to_owned(),
            config,
            replication: options.replication,
            min_insync: options.min_insync,
            asking,
            producers: Mutex::default(),
            created: Created::default(),
            committer: Mutex::default(),
            clients: Arc::default(),
            observed: Once::new(),
        };
        Ok(Kafka {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn topic_name(&self, name: &str) -> String {
        prefixed(&self.inner.prefix, name)
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        admin::create(self, spec)
    }

    pub(crate) fn describe(
        &self,
        topic: &str,
        expected: &TopicSpec,
    ) -> Result<Option<Description>, Error> {
        admin::describe(self, topic, expected)
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        self.offsets_within(topic, partition, TIMEOUT)
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        let mut producers = self.inner.producers.lock();
        let producer = match producers.get(topic) {
            Some(producer) => Arc::clone(producer),
            None => {
                // A producer would create a missing topic where brokers allow it, with settings of theirs.
                self.shape(topic)?;
                let batch_bytes = match admin::largest_batch(self, topic) {
                    Ok(Some(largest)) => {
                        largest.saturating_sub(config::BATCH_OVERHEAD_BYTES).max(1)
                    }
                    Err(error) if error.is_retryable() => return Err(error),
                    // Whoever may write need not be allowed to ask for settings.
                    Ok(None) | Err(_) => config::SAFE_BATCH_BYTES,
                };
                let batch_bytes = batch_bytes.min(config::MAX_BATCH_BYTES);
                let producer = Producer::new(
                    &self.inner.config,
                    &self.topic_name(topic),
                    batch_bytes,
                    &self.inner.clients,
                )?;
                Arc::clone(
                    producers
                        .entry(topic.to_owned())
                        .or_insert(Arc::new(producer)),
                )
            }
        };
        let outlet = Outlet::new(sink);
        let number = producer
            .registry()
            .enter(&outlet)
            .ok_or_else(|| Error::Unavailable("too many appenders".into()))?;
        Ok(Appender {
            producer,
            outlet,
            number,
        })
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        Reader::new(self.clone(), topic, partition, from)
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
            None => committer.insert(Committer::start(&self.inner.config)?),
        };
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let (group, topic) = (self.topic_name(group), self.topic_name(topic));
        committer.leave(group, topic, partition, offset);
        Ok(())
    }

    /// Defines the figures of its clients.
    pub(crate) fn observe(&self, meter: &Meter) {
        let Inner {
            clients, observed, ..
        } = &*self.inner;
        observed.call_once(|| clients.observe(meter));
    }

    /// How many partitions a topic has, once all of them have leaders.
    fn partitions(&self, topic: &str) -> Result<u32, Error> {
        self.shape(topic).map(|(partitions, _)| partitions)
    }

    /// How many partitions a topic has, and how many replicas the one with fewest.
    fn shape(&self, topic: &str) -> Result<(u32, u32), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.shape_once(topic) {
                Err(Error::Unavailable(_)) if Instant::now() < deadline => thread::sleep(PAUSE),
                outcome => return outcome,
            }
        }
    }

    fn shape_once(&self, topic: &str) -> Result<(u32, u32), Error> {
        let name = self.topic_name(topic);
        let what = format!("looking up topic {name}");
        let asking = &self.inner.asking;
        let metadata = asking.client().fetch_metadata(Some(&name), TIMEOUT);
        let metadata = metadata.map_err(|failure| asking.failed(&failure, &what))?;
        asking.answered();
        let Some(found) = metadata.topics().iter().find(|found| found.name() == name) else {
            return Err(self.inner.created.missing(topic, Instant::now()));
        };
        if let Some(failure) = found.error() {
            let code = failure.into();
            return Err(match error::is_missing(code) {
                true => self.inner.created.missing(topic, Instant::now()),
                false => error::of_code(code, &what),
            });
        }
        if found.partitions().is_empty()
            || found
                .partitions()
                .iter()
                .any(|partition| partition.leader() < 0)
        {
            return Err(Error::Unavailable(format!(
                "{what}: a partition has no leader"
            )));
        }
        self.inner.created.seen(topic, Instant::now());
        let replicas = found
            .partitions()
            .iter()
            .map(|partition| partition.replicas().len())
            .min()
            .unwrap_or(0);
        Ok((found.partitions().len() as u32, replicas as u32))
    }

    fn brokers(&self) -> Result<usize, Error> {
        let asking = &self.inner.asking;
        let metadata = asking.client().fetch_metadata(None, TIMEOUT);
        let metadata =
            metadata.map_err(|failure| asking.failed(&failure, "looking up the brokers"))?;
        Ok(metadata.brokers().len())
    }

    /// The two ends of a partition. They are high watermarks because the client reads uncommitted records.
    fn offsets_within(
        &self,
        topic: &str,
        partition: u32,
        timeout: Duration,
    ) -> Result<Offsets, Error> {
        let name = self.topic_name(topic);
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let asking = &self.inner.asking;
        let ask = || asking.client().fetch_watermarks(&name, number, timeout);
        let missing =
            |failure: &KafkaError| failure.rdkafka_error_code().is_some_and(error::is_missing);
        let answer = match ask() {
            // It may have asked a broker that no longer leads the partition.
            Err(failure) if !missing(&failure) && asking.refresh(&name, timeout).is_ok() => ask(),
            answer => answer,
        };
        match answer {
            Ok((start, end)) => {
                asking.answered();
                let offset = |number: i64| u64::try_from(number).unwrap_or(0);
                Ok(Offsets {
                    start: offset(start),
                    end: offset(end),
                })
            }
            Err(failure) if missing(&failure) => {
                let partitions = self.partitions(topic)?;
                if partition < partitions {
                    return Err(Error::Unavailable(format!(
                        "{topic}/{partition} is not known to its broker yet"
                    )));
                }
                Err(Error::NoPartition {
                    topic: topic.to_owned(),
                    partition,
                    partitions,
                })
            }
            Err(failure) => Err(asking.failed(
                &failure,
                &format!("asking for the ends of {name}/{partition}"),
            )),
        }
    }
}

fn prefixed(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}-{name}")
    }
}

/// Appends to one topic.
pub(crate) struct Appender {
    producer: Arc<Producer>,
    outlet: Arc<Outlet>,
    number: u16,
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.producer.registry().leave(self.number);
    }
}

#[allow(
    clippy::result_large_err,
    reason = "the entry comes back, so that a full queue costs no copy"
)]
impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        self.producer
            .append(&self.outlet, self.number, token, entry)
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.outlet.flush(timeout)
    }
}
