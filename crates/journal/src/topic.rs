//! Topics: what is asked for, and what is there.

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
    /// First offset that is still there, by partition.
    pub start_offsets: Vec<u64>,
    /// Everything that is not as it should be.
    pub faults: Vec<Fault>,
}

/// One setting that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name, as the provider calls it (`cleanup.policy`).
    pub setting: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Whether a chain must refuse to run on it; otherwise it is a risk to be named.
    pub fatal: bool,
}
