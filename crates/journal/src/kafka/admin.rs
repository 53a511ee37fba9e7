//! Topics on Kafka: created with the settings a chain needs, described with every setting that differs.

use std::collections::HashMap;
use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::context::Context;
use super::{Kafka, PATIENCE, PAUSE, TIMEOUT};
use super::{error, native};
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

/// Settings of a topic, by name.
type Settings = HashMap<String, String>;

/// Creates a topic unless it is there, and waits until all its partitions have leaders.
pub(super) fn create(kafka: &Kafka, spec: &TopicSpec) -> Result<Creation, Error> {
    let name = kafka.topic_name(&spec.name);
    let deadline = Instant::now() + PATIENCE;
    let mut created = false;
    loop {
        let outcome = match kafka.partitions(&spec.name) {
            // From here on it is there, whoever was first: `partitions` no longer says that there is none.
            Err(Error::NoTopic(_)) => create_once(kafka, spec, &name).map(|done| {
                created |= done;
                kafka.inner.created.made(&spec.name, Instant::now());
            }),
            Err(error) => Err(error),
            Ok(partitions) => match led(kafka, spec, partitions) {
                Ok(()) if created => return Ok(Creation::Created),
                Ok(()) => return Ok(Creation::Existed),
                Err(error) => Err(error),
            },
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
fn copies(kafka: &Kafka, settings: &Settings, replicas: u32) -> Vec<Fault> {
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

fn max_message_bytes(settings: &Settings) -> Option<u32> {
    value(settings, "max.message.bytes")?.parse().ok()
}

fn value<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.get(name).map(String::as_str)
}

/// All settings of a topic.
fn settings(kafka: &Kafka, topic: &str) -> Result<Settings, Error> {
    let name = kafka.topic_name(topic);
    let what = format!("describing topic {name}");
    let name = CString::new(name)
        .map_err(|_| Error::BadConfig("a topic's name holds a zero byte".into()))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let client = kafka.inner.asking.client();
        // Any broker may be asked, and one may not know yet of a new topic: that is retryable too.
        let outcome = native::topic_settings(client.client(), &name, TIMEOUT);
        client.poll(Duration::ZERO);
        match outcome.map_err(|code| error::of_code(code, &what)) {
            Err(error) if error.is_retryable() && Instant::now() < deadline => thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

/// An admin client lives for one request: nobody would listen to what it logs in between.
fn admin(kafka: &Kafka) -> Result<AdminClient<Context>, Error> {
    AdminClient::from_config_and_context(&kafka.inner.config.administering(), Context::default())
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
    use crate::handle::Options;

    /// A broker that does not know a topic names no settings: that must not pass for settings that are wrong.
    #[test]
    fn settings_of_an_unknown_topic_are_an_error() {
        let Some(brokers) = harness::kafka() else {
            return;
        };
        let kafka = Kafka::open(&brokers, "", &Options::default()).expect("it opens");
        let client = kafka.inner.asking.client();
        let name = CString::new(harness::unique("unknown")).expect("a name");
        let told = native::topic_settings(client.client(), &name, TIMEOUT);
        assert_eq!(told, Err(Code::UnknownTopicOrPartition));
    }
}
