//! Types of topics: specification, description, and differing settings.

use std::fmt;

use crate::append::{AppendError, Entry};

/// The specification of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name without the journal's prefix.
    pub name: String,
    /// Number of partitions, at least 1.
    pub partitions: u32,
    /// Largest record in bytes (key, value and headers; on Kafka also its framing): `max.message.bytes` there.
    pub max_record_bytes: u32,
}

/// The result of [`Journal::create_topic`](crate::Journal::create_topic).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The topic was created.
    Created,
    /// The topic existed; its settings were not checked.
    Existed,
}

/// The state of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Number of partitions.
    pub partitions: u32,
    /// Least number of replicas of a partition; 1 if it is not on Kafka.
    pub replicas: u32,
    /// First offset that each partition still has.
    pub start_offsets: Vec<u64>,
    /// Everything that differs from the specification.
    pub mismatches: Vec<Mismatch>,
}

/// A property of a topic that can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The number of partitions.
    Partitions,
    /// The first offset that this partition still has.
    StartOffset(u32),
    /// The number of brokers that hold a partition.
    Replicas,
    /// A setting, by its name in Kafka (`cleanup.policy`).
    Named(&'static str),
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The setting.
    pub setting: Setting,
    /// The required value.
    pub expected: String,
    /// The actual value.
    pub found: String,
    /// True if a chain must refuse to run on it; otherwise it is a risk to report.
    pub fatal: bool,
}

impl TopicSpec {
    /// Checks an entry before it is accepted, for providers without a broker.
    pub(crate) fn admits(&self, entry: &Entry) -> Result<(), AppendError> {
        if entry.partition >= self.partitions {
            return Err(AppendError::Terminal(format!(
                "topic {} has no partition {}, only {}",
                self.name, entry.partition, self.partitions
            )));
        }
        let size = entry.size();
        if size > self.max_record_bytes as usize {
            return Err(AppendError::Terminal(format!(
                "a record of {size} bytes is larger than the {} that topic {} takes",
                self.max_record_bytes, self.name
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Partitions => f.write_str("partitions"),
            Setting::StartOffset(partition) => write!(f, "start offset of partition {partition}"),
            Setting::Replicas => f.write_str("replicas"),
            Setting::Named(name) => f.write_str(name),
        }
    }
}

impl Mismatch {
    pub(crate) fn new(
        setting: Setting,
        expected: impl ToString,
        found: impl ToString,
        fatal: bool,
    ) -> Mismatch {
        Mismatch {
            setting,
            expected: expected.to_string(),
            found: found.to_string(),
            fatal,
        }
    }

    /// The differences between two specs of one topic.
    pub(crate) fn of_spec(expected: &TopicSpec, found: &TopicSpec) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        let (wanted, there) = (expected.partitions, found.partitions);
        if there != wanted {
            // Partitions can be added but never removed; more than needed are harmless.
            let fatal = there < wanted;
            mismatches.push(Mismatch::new(Setting::Partitions, wanted, there, fatal));
        }
        let (wanted, there) = (expected.max_record_bytes, found.max_record_bytes);
        if there < wanted {
            let setting = Setting::Named("max.message.bytes");
            mismatches.push(Mismatch::new(setting, wanted, there, false));
        }
        mismatches
    }

    /// Faults of partitions that have lost their beginning.
    pub(crate) fn of_starts(starts: &[u64]) -> impl Iterator<Item = Mismatch> {
        let lost = (0..).zip(starts).filter(|(_, start)| **start > 0);
        lost.map(|(number, start)| Mismatch::new(Setting::StartOffset(number), 0, start, false))
    }
}
