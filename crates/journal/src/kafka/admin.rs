//! Topics on Kafka: created with the settings a chain needs, described with every setting that differs.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::context::Context;
use super::error;
use super::{Kafka, PATIENCE, PAUSE, TIMEOUT};
use crate::Error;
use crate::topic::{Creation, Description, Fault, TopicSpec};

/// Replicas a topic is created with, if there are as many brokers.
const REPLICAS: usize = 3;

/// Settings a topic must have exactly, and whether a chain must refuse to run on another value.
const SETTINGS: [(&str, &str, bool); 6] = [
    ("cleanup.policy", "delete", true),
    ("message.timestamp.type", "LogAppendTime", true),
    ("retention.ms", "-1", false),
    ("retention.bytes", "-1", false),
    ("compression.type", "uncompressed", false),
    ("unclean.leader.election.enable", "false", false),
];

/// Creates a topic unless it is there, and waits until all its partitions have leaders.
pub(super) fn create(kafka: &Kafka, spec: &TopicSpec) -> Result<Creation, Error> {
    let name = kafka.topic_name(&spec.name);
    let deadline = Instant::now() + PATIENCE;
    let mut created = false;
    loop {
        let outcome = match kafka.partitions(&spec.name) {
            Err(Error::NoTopic(_)) if !created => {
                create_once(kafka, spec, &name).map(|done| created = done)
            }
            // What was created may take a moment to be known to every broker.
            Err(Error::NoTopic(missing)) => Err(Error::Unavailable(format!(
                "topic {missing} is still being created"
            ))),
            Err(error) => Err(error),
            Ok(partitions) if created => match led(kafka, spec, partitions) {
                Ok(()) => return Ok(Creation::Created),
                Err(error) => Err(error),
            },
            Ok(_) => return Ok(Creation::Existed),
        };
        match outcome {
            Ok(()) => {}
            Err(Error::Unavailable(_)) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
}

/// Whether all partitions answer: brokers that were told to lead them may not know of it yet.
fn led(kafka: &Kafka, spec: &TopicSpec, partitions: u32) -> Result<(), Error> {
    (0..partitions).try_for_each(|number| kafka.offsets(&spec.name, number).map(drop))
}

/// Asks for the topic; true if it was made, false if somebody else was faster.
fn create_once(kafka: &Kafka, spec: &TopicSpec, name: &str) -> Result<bool, Error> {
    let what = format!("creating topic {name}");
    let brokers = kafka.brokers()?;
    let replicas = kafka
        .inner
        .replication
        .map_or(REPLICAS.min(brokers), usize::from);
    let min_insync = kafka
        .inner
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
    let admin = admin(kafka)?;
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

/// Describes a topic, or says that it is not there.
pub(super) fn describe(
    kafka: &Kafka,
    topic: &str,
    expected: &TopicSpec,
) -> Result<Option<Description>, Error> {
    let (partitions, replicas) = match kafka.shape(topic) {
        Ok(shape) => shape,
        Err(Error::NoTopic(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let settings = settings(kafka, topic)?;
    let mut faults = Vec::new();
    let found = TopicSpec {
        name: topic.to_owned(),
        partitions,
        max_record_bytes: max_message_bytes(&settings).unwrap_or(expected.max_record_bytes),
    };
    faults.extend(Fault::of_spec(expected, &found));
    for (setting, expected, fatal) in SETTINGS {
        let found = value(&settings, setting).unwrap_or("unknown");
        if found != expected {
            let setting = setting.to_owned();
            faults.push(Fault {
                setting,
                expected: expected.into(),
                found: found.into(),
                fatal,
            });
        }
    }
    faults.extend(copies(kafka, &settings, replicas));
    let start = |partition| kafka.offsets(topic, partition).map(|offsets| offsets.start);
    let start_offsets = (0..partitions)
        .map(start)
        .collect::<Result<Vec<u64>, Error>>()?;
    faults.extend(Fault::of_starts(&start_offsets));
    Ok(Some(Description {
        partitions,
        replicas,
        start_offsets,
        faults,
    }))
}

/// How many brokers hold a record, and how many must before it is acknowledged.
fn copies(kafka: &Kafka, settings: &ConfigResource, replicas: u32) -> Vec<Fault> {
    let mut faults = Vec::new();
    let least = kafka.inner.min_insync.unwrap_or_else(|| {
        kafka
            .inner
            .replication
            .unwrap_or(1)
            .saturating_sub(1)
            .max(1)
    });
    let min_insync = value(settings, "min.insync.replicas").unwrap_or("1");
    if min_insync.parse::<u16>().is_ok_and(|found| found < least) {
        faults.push(Fault {
            setting: "min.insync.replicas".into(),
            expected: least.to_string(),
            found: min_insync.into(),
            fatal: false,
        });
    }
    if let Some(wanted) = kafka
        .inner
        .replication
        .filter(|wanted| u32::from(*wanted) > replicas)
    {
        faults.push(Fault {
            setting: "replicas".into(),
            expected: wanted.to_string(),
            found: replicas.to_string(),
            fatal: false,
        });
    }
    faults
}

/// Largest batch that a topic takes, in bytes.
pub(super) fn largest_batch(kafka: &Kafka, topic: &str) -> Result<Option<u32>, Error> {
    settings(kafka, topic).map(|settings| max_message_bytes(&settings))
}

fn max_message_bytes(settings: &ConfigResource) -> Option<u32> {
    value(settings, "max.message.bytes")?.parse().ok()
}

fn value<'a>(settings: &'a ConfigResource, name: &str) -> Option<&'a str> {
    settings.get(name)?.value.as_deref()
}

/// All settings of a topic.
fn settings(kafka: &Kafka, topic: &str) -> Result<ConfigResource, Error> {
    let name = kafka.topic_name(topic);
    let what = format!("describing topic {name}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let outcome =
            settings_once(kafka, &name).map_err(|failure| error::general(&failure, &what));
        match outcome {
            Err(error) if error.is_retryable() && Instant::now() < deadline => thread::sleep(PAUSE),
            Err(error) => return Err(error),
            Ok(Ok(settings)) => return Ok(settings),
            Ok(Err(code)) => return Err(error::of_code(code, &what)),
        }
    }
}

fn settings_once(kafka: &Kafka, name: &str) -> Result<Result<ConfigResource, Code>, KafkaError> {
    let admin =
        AdminClient::from_config_and_context(&kafka.inner.config.asking(), Context::default())?;
    let described =
        super::wait::wait(admin.describe_configs([&ResourceSpecifier::Topic(name)], &options()))?;
    Ok(described
        .into_iter()
        .next()
        .unwrap_or(Err(Code::UnknownTopicOrPartition)))
}

/// An admin client lives for one request: nobody would listen to what it logs in between.
fn admin(kafka: &Kafka) -> Result<AdminClient<Context>, Error> {
    AdminClient::from_config_and_context(&kafka.inner.config.asking(), Context::default())
        .map_err(|failure| error::general(&failure, "the admin client"))
}

fn options() -> AdminOptions {
    let timeout: Option<Duration> = Some(TIMEOUT);
    AdminOptions::new()
        .request_timeout(timeout)
        .operation_timeout(timeout)
}
