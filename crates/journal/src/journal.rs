//! The journal, its appenders and its readers: each a plain enum over the providers, so that no trait object spreads outward.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::Meter;

use crate::append::{AppendError, Appended, Completion, Entry, Sink};
use crate::disk::{self, Disk};
use crate::error::Error;
use crate::kafka::{self, Kafka};
use crate::local;
use crate::memory::{self, Memory};
use crate::options::Options;
use crate::record::{Batch, Headers, Offsets};
use crate::topic::{Creation, Description, TopicSpec};
use crate::url::{Location, Url};

/// Pause between attempts of a blocking append while the queue is full.
const FULL_PAUSE: Duration = Duration::from_millis(2);
/// Longest wait of a dropped appender for appends in flight.
const DROP_FLUSH: Duration = Duration::from_secs(5);
/// Tokens use 48 bits; the Kafka provider packs the appender's number into the upper 16.
const MAX_TOKEN: u64 = 1 << 48;

/// An open journal. Clones share it; it closes when the last clone, appender and reader is gone.
#[derive(Clone)]
pub struct Journal(Provider);

#[derive(Clone)]
enum Provider {
    Disk(Disk),
    Kafka(Kafka),
    Memory(Memory),
}

/// Appends to one topic. Every accepted entry completes exactly once.
pub struct Appender(ProviderAppender);

enum ProviderAppender {
    Disk(local::Appender<disk::Partition>),
    Kafka(kafka::Appender),
    Memory(local::Appender<memory::Partition>),
}

/// Reads one partition in order.
pub struct Reader(ProviderReader);

enum ProviderReader {
    Disk(disk::Reader),
    Kafka(Box<kafka::Reader>),
    Memory(memory::Reader),
}

/// Delegates to the provider.
macro_rules! each {
    ($of:expr, $kind:ident, $it:ident => $call:expr) => {
        match $of {
            $kind::Disk($it) => $call,
            $kind::Kafka($it) => $call,
            $kind::Memory($it) => $call,
        }
    };
}

impl Journal {
    /// Opens the journal at `url`, creating the directory of a disk journal.
    ///
    /// A disk journal is locked ([`Error::Locked`]) and recovered ([`Error::Corrupt`]). Kafka is not contacted yet.
    pub fn open(url: &Url, options: &Options) -> Result<Journal, Error> {
        Ok(Journal(match &url.0 {
            Location::Disk(path) => Provider::Disk(Disk::open(path)?),
            Location::Kafka { brokers, prefix } => {
                Provider::Kafka(Kafka::open(brokers, prefix, options)?)
            }
            Location::Memory(name) => Provider::Memory(Memory::open(name)?),
        }))
    }

    /// Name of the provider in traces and metrics: `kafka`, `disk` or `memory`.
    pub fn system(&self) -> &'static str {
        match &self.0 {
            Provider::Disk(_) => "disk",
            Provider::Kafka(_) => "kafka",
            Provider::Memory(_) => "memory",
        }
    }

    /// Defines the journal's metrics on `meter`: queues, brokers and retries on Kafka, syncs, groups and bytes on disk.
    /// Clones share them; further calls have no effect.
    pub fn observe(&self, meter: &Meter) {
        match &self.0 {
            Provider::Disk(disk) => disk.observe(meter),
            Provider::Kafka(kafka) => kafka.observe(meter),
            Provider::Memory(_) => {}
        }
    }

    /// The name of a topic at the provider: with the prefix of the URL on Kafka.
    pub fn topic_name(&self, name: &str) -> String {
        match &self.0 {
            Provider::Disk(_) | Provider::Memory(_) => name.to_owned(),
            Provider::Kafka(kafka) => kafka.topic_name(name),
        }
    }

    /// [`Error::ReadOnly`] for a journal made by [`Import`](crate::Import). Writers call this first.
    pub fn expect_writable(&self) -> Result<(), Error> {
        match &self.0 {
            Provider::Disk(disk) => disk.expect_writable(),
            Provider::Kafka(_) | Provider::Memory(_) => Ok(()),
        }
    }

    /// Creates a topic with the settings that the contract needs, unless it exists.
    pub fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        each!(&self.0, Provider, it => it.create_topic(spec))
    }

    /// Describes the topic and lists every setting that differs from `expected`; `None` if it does not exist.
    pub fn describe(&self, expected: &TopicSpec) -> Result<Option<Description>, Error> {
        match &self.0 {
            Provider::Disk(disk) => Ok(disk.describe(expected)),
            Provider::Kafka(kafka) => kafka.describe(expected),
            Provider::Memory(memory) => memory.describe(expected),
        }
    }

    /// The present ends of a partition.
    pub fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        each!(&self.0, Provider, it => it.offsets(topic, partition))
    }

    /// An appender to `topic`. `sink` receives batches of completions on the provider's thread; it must not block.
    pub fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        self.provider_appender(topic, sink).map(Appender)
    }

    fn provider_appender(&self, topic: &str, sink: Sink) -> Result<ProviderAppender, Error> {
        Ok(match &self.0 {
            Provider::Disk(disk) => ProviderAppender::Disk(disk.appender(topic, sink)?),
            Provider::Kafka(kafka) => ProviderAppender::Kafka(kafka.appender(topic, sink)?),
            Provider::Memory(memory) => ProviderAppender::Memory(memory.appender(topic, sink)?),
        })
    }

    /// Appends one record and waits for its outcome; [`AppendError::Unknown`] after `timeout`.
    pub fn append(
        &self,
        topic: &str,
        entry: Entry,
        timeout: Duration,
    ) -> Result<Appended, AppendError> {
        let deadline = Instant::now() + timeout;
        let (send, receive) = mpsc::sync_channel(1);
        let sink: Sink = Arc::new(move |batch: Vec<Completion>| {
            for completion in batch {
                let _ = send.try_send(completion.result);
            }
        });
        // The provider's appender: unlike ours, its drop does not wait.
        let appender = self.provider_appender(topic, sink)?;
        let mut entry = entry;
        while let Err((back, error)) = appender.append(0, entry) {
            if error != AppendError::Full || Instant::now() >= deadline {
                return Err(error);
            }
            entry = back;
            thread::sleep(FULL_PAUSE);
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        receive.recv_timeout(remaining).unwrap_or_else(|_| {
            Err(AppendError::Unknown(format!(
                "no answer within {timeout:?}"
            )))
        })
    }

    /// A reader of one partition, from `from` on. The first read fails if that is outside the partition.
    pub fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        Ok(Reader(match &self.0 {
            Provider::Disk(disk) => ProviderReader::Disk(disk.reader(topic, partition, from)?),
            Provider::Kafka(kafka) => {
                ProviderReader::Kafka(Box::new(kafka.reader(topic, partition, from)?))
            }
            Provider::Memory(memory) => {
                ProviderReader::Memory(memory.reader(topic, partition, from)?)
            }
        }))
    }

    /// Commits a position to a consumer group, so that Kafka's tools can show lag; the journal never reads it back. No effect on
    /// other providers. The group's name gets the prefix of the URL, as topics' names do. Returns before the brokers have it.
    pub fn commit_position(
        &self,
        group: &str,
        topic: &str,
        partition: u32,
        offset: u64,
    ) -> Result<(), Error> {
        match &self.0 {
            Provider::Disk(_) | Provider::Memory(_) => Ok(()),
            Provider::Kafka(kafka) => kafka.commit_position(group, topic, partition, offset),
        }
    }
}

impl Appender {
    /// Enqueues `entry`; the sink is called with `token` once the outcome is known.
    ///
    /// Never blocks. On an error the entry was not accepted, and is returned.
    ///
    /// # Panics
    /// If `token` is not below 2^48.
    pub fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        assert!(token < MAX_TOKEN, "tokens are below 2^48");
        self.0.append(token, entry)
    }

    /// Waits until all accepted entries have completed; [`Error::Unavailable`] after `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), Error> {
        each!(&self.0, ProviderAppender, it => it.flush(timeout))
    }
}

impl Drop for Appender {
    /// Waits a bounded time for appends in flight.
    fn drop(&mut self) {
        if let Err(error) = self.flush(DROP_FLUSH) {
            tracing::warn!(%error, "an appender was dropped before its appends completed");
        }
    }
}

impl ProviderAppender {
    fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        each!(self, ProviderAppender, it => it.append(token, entry))
    }
}

impl Reader {
    /// Sets the headers to keep from now on; the default is [`Headers::Traces`].
    pub fn keep(mut self, headers: Headers) -> Reader {
        each!(&mut self.0, ProviderReader, it => it.keep(headers));
        self
    }

    /// The next records, at most about `max_bytes` of them (measured by [`Record::size`](crate::Record::size); always at
    /// least one record) and at most 65 536.
    ///
    /// Blocks up to `wait` for the first record, then returns what is available. An empty batch means that the time is over.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the offset is outside the partition, [`Error::Unavailable`] if the journal is unreachable (the reader
    /// keeps its position and may be called again), [`Error::Corrupt`].
    pub fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        each!(&mut self.0, ProviderReader, it => it.next(max_bytes, wait))
    }

    /// Resumes at `from`. The next read fails if that is outside the partition.
    pub fn seek(&mut self, from: u64) {
        each!(&mut self.0, ProviderReader, it => it.seek(from))
    }
}

#[cfg(feature = "testing")]
impl Journal {
    /// The fault injection of a memory journal; `None` for other journals.
    pub fn faults(&self) -> Option<memory::Faults> {
        match &self.0 {
            Provider::Memory(memory) => Some(memory::Faults::of(memory)),
            Provider::Disk(_) | Provider::Kafka(_) => None,
        }
    }
}

#[cfg(feature = "testing")]
impl disk::FaultyDisk {
    /// Opens the journal on this disk.
    pub fn open(&self) -> Result<Journal, Error> {
        Ok(Journal(Provider::Disk(self.mount()?)))
    }
}
