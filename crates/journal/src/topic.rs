//! The words of topics: what is asked for, what is there, and which settings differ.

use std::fmt;

use crate::append::{AppendError, Entry};

/// A topic as a chain needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name, without the journal's prefix.
    pub name: String,
    /// How many partitions, at least 1.
    pub partitions: u32,
    /// Largest record in bytes (key, value and headers; on Kafka also its framing): `max.message.bytes` there.
    pub max_record_bytes: u32,
}

/// What [`Journal::create_topic`](crate::Journal::create_topic) found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It was not there, and now it is.
    Created,
    /// It was there already; its settings were not looked at.
    Existed,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// How many partitions it has.
    pub partitions: u32,
    /// How many brokers hold each partition, where one holds fewest; 1 when it is not on Kafka.
    pub replicas: u32,
    /// First offset that is still there, by partition.
    pub start_offsets: Vec<u64>,
    /// Everything that is not as it should be.
    pub faults: Vec<Fault>,
}

/// What a topic can have that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The number of partitions.
    Partitions,
    /// The first offset that is left in this partition.
    StartOffset(u32),
    /// The number of brokers that hold a partition.
    Replicas,
    /// A setting, by the name that Kafka gives it (`cleanup.policy`).
    Named(&'static str),
}

/// One setting that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting.
    pub setting: Setting,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Whether a chain must refuse to run on it; otherwise it is a risk to be named.
    pub fatal: bool,
}

impl TopicSpec {
    /// What every provider that checks by itself refuses before it takes an entry.
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

impl Fault {
    pub(crate) fn new(
        setting: Setting,
        expected: impl ToString,
        found: impl ToString,
        fatal: bool,
    ) -> Fault {
        Fault {
            setting,
            expected: expected.to_string(),
            found: found.to_string(),
            fatal,
        }
    }

    /// The differences between two specs of one topic.
    pub(crate) fn of_spec(expected: &TopicSpec, found: &TopicSpec) -> Vec<Fault> {
        let mut faults = Vec::new();
        let (wanted, there) = (expected.partitions, found.partitions);
        if there != wanted {
            // Partitions can be added at any time and never be removed; a caller that finds more has all that it needs.
            let fatal = there < wanted;
            faults.push(Fault::new(Setting::Partitions, wanted, there, fatal));
        }
        let (wanted, there) = (expected.max_record_bytes, found.max_record_bytes);
        if there < wanted {
            let setting = Setting::Named("max.message.bytes");
            faults.push(Fault::new(setting, wanted, there, false));
        }
        faults
    }

    /// Partitions that have lost their beginning.
    pub(crate) fn of_starts(starts: &[u64]) -> impl Iterator<Item = Fault> {
        let lost = (0..).zip(starts).filter(|(_, start)| **start > 0);
        lost.map(|(number, start)| Fault::new(Setting::StartOffset(number), 0, start, false))
    }
}
