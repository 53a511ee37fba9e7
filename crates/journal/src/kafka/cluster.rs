//! Requests to a cluster: topics, partitions, and the ends of partitions.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;

use super::config::Config;
use super::created::Created;
use super::error;
use super::requests::Requests;
use super::statistics::Clients;
use crate::error::Error;
use crate::options::Options;
use crate::record::Offsets;

/// Timeout of one request.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time that requests are repeated during elections of leaders.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between repetitions.
const PAUSE: Duration = Duration::from_millis(100);

/// A cluster, and the client for requests to it.
pub(super) struct Cluster {
    prefix: String,
    pub(super) config: Config,
    pub(super) replication: Option<u16>,
    pub(super) min_insync: Option<u16>,
    pub(super) requests: Requests,
    pub(super) created: Created,
    /// The clients that report statistics.
    pub(super) clients: Arc<Clients>,
}

/// Number of partitions of a topic, and the least number of replicas of one of them.
pub(super) struct Shape {
    pub(super) partitions: u32,
    pub(super) replicas: u32,
}

impl Cluster {
    /// Creates the client; the brokers are not contacted yet.
    pub(super) fn new(brokers: &str, prefix: &str, options: &Options) -> Result<Cluster, Error> {
        let config = Config::new(brokers, prefixed(prefix, "reader"), options)?;
        Ok(Cluster {
            prefix: prefix.to_owned(),
            requests: Requests::new(&config)?,
            config,
            replication: options.replication,
            min_insync: options.min_insync,
            created: Created::default(),
            clients: Arc::default(),
        })
    }

    pub(super) fn topic_name(&self, name: &str) -> String {
        prefixed(&self.prefix, name)
    }

    /// The shape of a topic, once all its partitions have leaders.
    pub(super) fn shape(&self, topic: &str) -> Result<Shape, Error> {
        patiently(|| self.shape_once(topic))
    }

    fn shape_once(&self, topic: &str) -> Result<Shape, Error> {
        let name = self.topic_name(topic);
        let what = format!("looking up topic {name}");
        let metadata = self.requests.client().fetch_metadata(Some(&name), TIMEOUT);
        let metadata = metadata.map_err(|failure| self.requests.failed(&failure, &what))?;
        self.requests.answered();
        let Some(found) = metadata.topics().iter().find(|found| found.name() == name) else {
            return Err(self.created.missing(topic, Instant::now()));
        };
        if let Some(failure) = found.error() {
            let code = failure.into();
            return Err(if error::is_missing(code) {
                self.created.missing(topic, Instant::now())
            } else {
                error::of_code(code, &what)
            });
        }
        let partitions = found.partitions();
        if partitions.is_empty() || partitions.iter().any(|it| it.leader() < 0) {
            let why = format!("{what}: a partition has no leader");
            return Err(Error::Unavailable(why));
        }
        self.created.seen(topic, Instant::now());
        let replicas = partitions.iter().map(|it| it.replicas().len()).min();
        Ok(Shape {
            partitions: partitions.len() as u32,
            replicas: replicas.unwrap_or(0) as u32,
        })
    }

    /// Number of brokers.
    pub(super) fn brokers(&self) -> Result<usize, Error> {
        let metadata = self.requests.client().fetch_metadata(None, TIMEOUT);
        let failed = |failure| self.requests.failed(&failure, "looking up the brokers");
        Ok(metadata.map_err(failed)?.brokers().len())
    }

    /// The ends of a partition: up to its high watermark, because the client reads uncommitted records.
    pub(super) fn offsets(
        &self,
        topic: &str,
        partition: u32,
        timeout: Duration,
    ) -> Result<Offsets, Error> {
        let name = self.topic_name(topic);
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let requests = &self.requests;
        let ask = || requests.client().fetch_watermarks(&name, number, timeout);
        let missing =
            |failure: &KafkaError| failure.rdkafka_error_code().is_some_and(error::is_missing);
        let answer = match ask() {
            // The request may have gone to a broker that no longer leads the partition.
            Err(failure) if !missing(&failure) && requests.refresh(&name, timeout).is_ok() => ask(),
            answer => answer,
        };
        match answer {
            Ok((start, end)) => {
                requests.answered();
                let offset = |number: i64| u64::try_from(number).unwrap_or(0);
                Ok(Offsets {
                    start: offset(start),
                    end: offset(end),
                })
            }
            Err(failure) if missing(&failure) => {
                let Shape { partitions, .. } = self.shape(topic)?;
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
            Err(failure) => {
                let what = format!("requesting the ends of {name}/{partition}");
                Err(requests.failed(&failure, &what))
            }
        }
    }
}

/// Repeats a request during elections of leaders.
pub(super) fn patiently<T>(mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(Error::Unavailable(_)) if Instant::now() < deadline => thread::sleep(PAUSE),
            outcome => return outcome,
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
