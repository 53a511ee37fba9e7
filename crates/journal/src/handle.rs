//! The journal itself: a handle to clone and pass around.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::Meter;

use crate::Error;
use crate::append::{AppendError, Appended, Appender, Completion, Entry, Sink};
use crate::provider::Provider;
use crate::record::{Offsets, Reader};
use crate::topic::{Creation, Description, TopicSpec};
use crate::url::Url;

/// Between two tries of a blocking append when the queue is full.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// How a journal is opened, beside its place.
#[derive(Clone, Default)]
pub struct Options {
    /// librdkafka properties (SASL, TLS, …). Those the journal's promises rest upon cannot be set.
    pub kafka_config: Vec<(String, String)>,
    /// Replicas of a topic that is created; default: three, or as many as there are brokers.
    pub replication: Option<u16>,
    /// `min.insync.replicas` of a topic that is created; default: one less than the replicas, at least one.
    pub min_insync: Option<u16>,
    /// Name shown in the broker's logs and quotas; default `blocklog`.
    pub client_id: String,
}

impl std::fmt::Debug for Options {
    /// Shows the names of the Kafka properties only: their values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self
            .kafka_config
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        f.debug_struct("Options")
            .field("kafka_config", &names)
            .field("replication", &self.replication)
            .field("min_insync", &self.min_insync)
            .field("client_id", &self.client_id)
            .finish()
    }
}

/// An open journal. Clones share it; it closes when the last clone, appender and reader is gone.
#[derive(Clone)]
pub struct Journal {
    provider: Provider,
}

impl Journal {
    /// Opens the journal at `url`, creating the directory of a disk journal.
    ///
    /// A disk journal is locked ([`Error::Locked`]) and recovered ([`Error::Corrupt`]). Kafka is not contacted yet.
    pub fn open(url: &Url, options: &Options) -> Result<Journal, Error> {
        Ok(Journal {
            provider: Provider::open(url, options)?,
        })
    }

    /// What kind of log it is, as traces and metrics name it: `kafka`, `disk` or `memory`.
    pub fn system(&self) -> &'static str {
        match &self.provider {
            Provider::Disk(_) => "disk",
            Provider::Kafka(_) => "kafka",
            Provider::Memory(_) => "memory",
        }
    }

    /// Defines what the journal counts, on somebody's meter: queues, brokers and retries on Kafka, syncs, groups and bytes
    /// on disk. Clones share it, and once is enough: further calls change nothing.
    pub fn observe(&self, meter: &Meter) {
        self.provider.observe(meter);
    }

    /// What a topic is called where it is stored: with the prefix of the URL on Kafka.
    pub fn topic_name(&self, name: &str) -> String {
        self.provider.topic_name(name)
    }

    /// [`Error::ReadOnly`] for a journal that [`Import`](crate::Import) made: whoever appends asks before anything else.
    pub fn expect_writable(&self) -> Result<(), Error> {
        self.provider.expect_writable()
    }

    /// Creates a topic, with the settings a chain needs; one that is there already is left alone.
    pub fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        self.provider.create_topic(spec)
    }

    /// Describes a topic and names every setting that differs from `expected`; `None` if it is not there.
    pub fn describe(
        &self,
        topic: &str,
        expected: &TopicSpec,
    ) -> Result<Option<Description>, Error> {
        self.provider.describe(topic, expected)
    }

    /// The two ends of a partition, now.
    pub fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        self.provider.offsets(topic, partition)
    }

    /// An appender to `topic`. `sink` gets whole batches of completions on the provider's own thread; it must not block.
    pub fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        Ok(Appender {
            inner: self.provider.appender(topic, sink)?,
        })
    }

    /// Appends one record and waits for its outcome; [`AppendError::Unknown`] when `timeout` is over first.
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
        // The provider's own appender: unlike ours it is dropped without waiting.
        let appender = self.provider.appender(topic, sink)?;
        let mut entry = entry;
        while let Err((back, error)) = appender.append(0, entry) {
            if error != AppendError::Full || Instant::now() >= deadline {
                return Err(error);
            }
            entry = back;
            thread::sleep(FULL_PAUSE);
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        match receive.recv_timeout(remaining) {
            Ok(outcome) => outcome,
            Err(_) => Err(AppendError::Unknown(format!(
                "no answer within {timeout:?}"
            ))),
        }
    }

    /// A reader of one partition, from `from` on. Whether that is inside the log shows at its first read at the latest.
    pub fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        Ok(Reader {
            inner: self.provider.reader(topic, partition, from)?,
        })
    }

    /// Leaves a position for Kafka's own tools to show lag; the journal never reads it, other providers do nothing. The
    /// name of the group gets the prefix of the URL, as those of topics do. Returns before the brokers have it.
    pub fn commit_position(
        &self,
        group: &str,
        topic: &str,
        partition: u32,
        offset: u64,
    ) -> Result<(), Error> {
        self.provider
            .commit_position(group, topic, partition, offset)
    }

    /// A journal on a disk of a test's own.
    #[cfg(feature = "testing")]
    pub(crate) fn on_disk(disk: crate::disk::Disk) -> Journal {
        Journal {
            provider: Provider::Disk(disk),
        }
    }

    /// What a memory journal can be made to do wrong; `None` for other journals.
    #[cfg(feature = "testing")]
    pub fn faults(&self) -> Option<crate::memory::Faults> {
        self.provider.faults()
    }
}
