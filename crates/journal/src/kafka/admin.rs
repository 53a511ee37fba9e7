//! Topics on Kafka: their creation with the settings that a chain needs, and the comparison of settings.

use std::collections::HashMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::cluster::{Cluster, TIMEOUT, patiently};
use super::context::Context;
use super::{error, native};
use crate::error::Error;
use crate::topic::{Creation, Description, Mismatch, Setting, TopicSpec};

/// Replicas of a new topic, if there are as many brokers.
const REPLICAS: usize = 3;

/// Settings that a topic must have exactly: name, value, and true if a chain must refuse to run on another value.
const SETTINGS: [(&str, &str, bool); 6] = [
    ("cleanup.policy", "delete", true),
    ("message.timestamp.type", "LogAppendTime", true),
    ("retention.ms", "-1", false),
    ("retention.bytes", "-1", false),
    ("compression.type", "uncompressed", false),
    ("unclean.leader.election.enable", "false", false),
];

/// Settings of a topic, by name.
type Settings = HashMap<String, String>;

/// Creates a topic unless it exists, and waits until all its partitions have leaders.
pub(super) fn create(cluster: &Cluster, spec: &TopicSpec) -> Result<Creation, Error> {
    let name = cluster.topic_name(&spec.name);
    let mut creation = Creation::Existed;
    patiently(|| {
        let partitions = loop {
            match cluster.shape(&spec.name) {
                Err(Error::NoTopic(_)) => {
                    if create_once(cluster, spec, &name)? {
                        creation = Creation::Created;
                    }
                    // The topic now exists, created here or elsewhere: `shape` no longer reports it missing.
                    cluster.created.created(&spec.name, Instant::now());
                }
                shape => break shape?.partitions,
            }
        };
        led(cluster, spec, partitions)?;
        Ok(creation)
    })
}

/// Requests the ends of all partitions, because their leaders may not know the topic yet.
fn led(cluster: &Cluster, spec: &TopicSpec, partitions: u32) -> Result<(), Error> {
    (0..partitions).try_for_each(|number| cluster.offsets(&spec.name, number, TIMEOUT).map(drop))
}

/// Requests the creation; true if the topic was created, false if it existed.
fn create_once(cluster: &Cluster, spec: &TopicSpec, name: &str) -> Result<bool, Error> {
    let what = format!("creating topic {name}");
    let brokers = cluster.brokers()?;
    let replicas = cluster
        .replication
        .map_or(REPLICAS.min(brokers), usize::from);
    let min_insync = cluster
        .min_insync
        .map_or(replicas.saturating_sub(1).max(1), usize::from)
        .to_string();
    let limit = spec.max_record_bytes.to_string();
    let count = |number: usize| {
        i32::try_from(number).map_err(|_| Error::BadConfig(format!("{number} is too many")))
    };
    let partitions = count(spec.partitions as usize)?;
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(count(replicas)?))
        .set("min.insync.replicas", &min_insync)
        .set("max.message.bytes", &limit);
    for (setting, value, _) in SETTINGS {
        topic = topic.set(setting, value);
    }
    let admin = admin(cluster)?;
    let results = super::wait::wait(admin.create_topics([&topic], &options()));
    let results = results.map_err(|failure| error::general(&failure, &what))?;
    for result in results {
        match result {
            Ok(_) => {}
            Err((_, Code::TopicAlreadyExists)) => return Ok(false),
            Err((_, code)) => {
                let what = format!("{what} with {replicas} replicas on {brokers} brokers");
                return Err(error::of_code(code, &what));
            }
        }
    }
    Ok(true)
}

/// Describes a topic; `None` if it does not exist.
pub(super) fn describe(
    cluster: &Cluster,
    expected: &TopicSpec,
) -> Result<Option<Description>, Error> {
    let topic = &expected.name;
    let shape = match cluster.shape(topic) {
        Ok(shape) => shape,
        Err(Error::NoTopic(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (partitions, replicas) = (shape.partitions, shape.replicas);
    let settings = settings(cluster, topic)?;
    let mut mismatches = Vec::new();
    let found = TopicSpec {
        name: topic.clone(),
        partitions,
        max_record_bytes: max_message_bytes(&settings).unwrap_or(expected.max_record_bytes),
    };
    mismatches.extend(Mismatch::of_spec(expected, &found));
    for (setting, expected, fatal) in SETTINGS {
        let found = value(&settings, setting).unwrap_or("unknown");
        if found != expected {
            mismatches.push(Mismatch::new(
                Setting::Named(setting),
                expected,
                found,
                fatal,
            ));
        }
    }
    mismatches.extend(copies(cluster, &settings, replicas));
    let start = |partition| {
        let offsets = cluster.offsets(topic, partition, TIMEOUT)?;
        Ok(offsets.start)
    };
    let start_offsets = (0..partitions)
        .map(start)
        .collect::<Result<Vec<u64>, Error>>()?;
    mismatches.extend(Mismatch::of_starts(&start_offsets));
    Ok(Some(Description {
        partitions,
        replicas,
        start_offsets,
        mismatches,
    }))
}

/// Faults in the number of replicas and of in-sync replicas.
fn copies(cluster: &Cluster, settings: &Settings, replicas: u32) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    let least = cluster
        .min_insync
        .unwrap_or_else(|| cluster.replication.unwrap_or(1).saturating_sub(1).max(1));
    let min_insync = value(settings, "min.insync.replicas").unwrap_or("1");
    if min_insync.parse::<u16>().is_ok_and(|found| found < least) {
        let setting = Setting::Named("min.insync.replicas");
        mismatches.push(Mismatch::new(setting, least, min_insync, false));
    }
    let wanted = cluster.replication.map_or(0, u32::from);
    if wanted > replicas {
        mismatches.push(Mismatch::new(Setting::Replicas, wanted, replicas, false));
    }
    mismatches
}

/// Largest batch that a topic accepts, in bytes.
pub(super) fn largest_batch(cluster: &Cluster, topic: &str) -> Result<Option<u32>, Error> {
    settings(cluster, topic).map(|settings| max_message_bytes(&settings))
}

fn max_message_bytes(settings: &Settings) -> Option<u32> {
    value(settings, "max.message.bytes")?.parse().ok()
}

fn value<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.get(name).map(String::as_str)
}

/// All settings of a topic.
fn settings(cluster: &Cluster, topic: &str) -> Result<Settings, Error> {
    let name = cluster.topic_name(topic);
    let what = format!("describing topic {name}");
    let name = CString::new(name)
        .map_err(|_| Error::BadConfig("a topic's name holds a zero byte".into()))?;
    patiently(|| {
        let client = cluster.requests.client();
        // Any broker may answer, and it may not know a new topic yet: that is retryable, too.
        let outcome = native::topic_settings(client.client(), &name, TIMEOUT);
        client.poll(Duration::ZERO);
        outcome.map_err(|code| error::of_code(code, &what))
    })
}

/// An admin client for one request: kept longer, its log events would not be served.
fn admin(cluster: &Cluster) -> Result<AdminClient<Context>, Error> {
    AdminClient::from_config_and_context(&cluster.config.administering(), Context::default())
        .map_err(|failure| error::general(&failure, "the admin client"))
}

fn options() -> AdminOptions {
    let timeout: Option<Duration> = Some(TIMEOUT);
    AdminOptions::new()
        .request_timeout(timeout)
        .operation_timeout(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    /// A broker that does not know a topic returns no settings, which must not count as wrong settings.
    #[test]
    fn settings_of_an_unknown_topic_are_an_error() {
        let Some(brokers) = harness::kafka() else {
            return;
        };
        let cluster = Cluster::new(&brokers, "", &Options::default()).expect("it opens");
        let client = cluster.requests.client();
        let name = CString::new(harness::unique("unknown")).expect("a name");
        let outcome = native::topic_settings(client.client(), &name, TIMEOUT);
        assert_eq!(outcome, Err(Code::UnknownTopicOrPartition));
    }
}
