//! The providers behind one handle. Plain enums: no trait objects spread outward.

use std::time::Duration;

use opentelemetry::metrics::Meter;

use crate::Error;
use crate::append::{AppendError, Entry, Sink};
use crate::disk;
use crate::handle::Options;
use crate::kafka;
use crate::memory;
use crate::record::{Batch, Headers, Offsets};
use crate::topic::{Creation, Description, TopicSpec};
use crate::url::{Place, Url};

#[derive(Clone)]
pub(crate) enum Provider {
    Disk(disk::Disk),
    Kafka(kafka::Kafka),
    Memory(memory::Memory),
}

pub(crate) enum Appender {
    Disk(disk::Appender),
    Kafka(kafka::Appender),
    Memory(memory::Appender),
}

pub(crate) enum Reader {
    Disk(disk::Reader),
    Kafka(Box<kafka::Reader>),
    Memory(memory::Reader),
}

impl Provider {
    pub(crate) fn open(url: &Url, options: &Options) -> Result<Provider, Error> {
        match &url.0 {
            Place::Memory(name) => Ok(Provider::Memory(memory::Memory::open(name)?)),
            Place::Disk(path) => Ok(Provider::Disk(disk::Disk::open(path)?)),
            Place::Kafka { brokers, prefix } => {
                kafka::Kafka::open(brokers, prefix, options).map(Provider::Kafka)
            }
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn faults(&self) -> Option<memory::Faults> {
        match self {
            Provider::Memory(memory) => Some(memory::Faults::of(memory)),
            Provider::Disk(_) | Provider::Kafka(_) => None,
        }
    }

    pub(crate) fn observe(&self, meter: &Meter) {
        match self {
            Provider::Disk(disk) => disk.observe(meter),
            Provider::Kafka(kafka) => kafka.observe(meter),
            Provider::Memory(_) => {}
        }
    }

    pub(crate) fn topic_name(&self, name: &str) -> String {
        match self {
            Provider::Disk(_) | Provider::Memory(_) => name.to_owned(),
            Provider::Kafka(kafka) => kafka.topic_name(name),
        }
    }

    pub(crate) fn expect_writable(&self) -> Result<(), Error> {
        match self {
            Provider::Disk(disk) => disk.expect_writable(),
            Provider::Kafka(_) | Provider::Memory(_) => Ok(()),
        }
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        match self {
            Provider::Disk(disk) => disk.create_topic(spec),
            Provider::Kafka(kafka) => kafka.create_topic(spec),
            Provider::Memory(memory) => memory.create_topic(spec),
        }
    }

    pub(crate) fn describe(
        &self,
        topic: &str,
        expected: &TopicSpec,
    ) -> Result<Option<Description>, Error> {
        match self {
            Provider::Disk(disk) => Ok(disk.describe(topic, expected)),
            Provider::Kafka(kafka) => kafka.describe(topic, expected),
            Provider::Memory(memory) => memory.describe(topic, expected),
        }
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        match self {
            Provider::Disk(disk) => disk.offsets(topic, partition),
            Provider::Kafka(kafka) => kafka.offsets(topic, partition),
            Provider::Memory(memory) => memory.offsets(topic, partition),
        }
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        match self {
            Provider::Disk(disk) => disk.appender(topic, sink).map(Appender::Disk),
            Provider::Kafka(kafka) => kafka.appender(topic, sink).map(Appender::Kafka),
            Provider::Memory(memory) => memory.appender(topic, sink).map(Appender::Memory),
        }
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        match self {
            Provider::Disk(disk) => disk.reader(topic, partition, from).map(Reader::Disk),
            Provider::Kafka(kafka) => kafka
                .reader(topic, partition, from)
                .map(|reader| Reader::Kafka(Box::new(reader))),
            Provider::Memory(memory) => memory.reader(topic, partition, from).map(Reader::Memory),
        }
    }

    pub(crate) fn commit_position(
        &self,
        group: &str,
        topic: &str,
        partition: u32,
        offset: u64,
    ) -> Result<(), Error> {
        match self {
            Provider::Disk(_) | Provider::Memory(_) => Ok(()),
            Provider::Kafka(kafka) => kafka.commit_position(group, topic, partition, offset),
        }
    }
}

#[allow(
    clippy::result_large_err,
    reason = "the entry comes back, so that a full queue costs no copy"
)]
impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        match self {
            Appender::Disk(appender) => appender.append(token, entry),
            Appender::Kafka(appender) => appender.append(token, entry),
            Appender::Memory(appender) => appender.append(token, entry),
        }
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        match self {
            Appender::Disk(appender) => appender.flush(timeout),
            Appender::Kafka(appender) => appender.flush(timeout),
            Appender::Memory(appender) => appender.flush(timeout),
        }
    }
}

impl Reader {
    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        match self {
            Reader::Disk(reader) => reader.next(max_bytes, wait),
            Reader::Kafka(reader) => reader.next(max_bytes, wait),
            Reader::Memory(reader) => reader.next(max_bytes, wait),
        }
    }

    pub(crate) fn keep(&mut self, headers: Headers) {
        match self {
            Reader::Disk(reader) => reader.keep(headers),
            Reader::Kafka(reader) => reader.keep(headers),
            Reader::Memory(reader) => reader.keep(headers),
        }
    }

    pub(crate) fn seek(&mut self, from: u64) -> Result<(), Error> {
        match self {
            Reader::Disk(reader) => reader.seek(from),
            Reader::Kafka(reader) => reader.seek(from),
            Reader::Memory(reader) => reader.seek(from),
        }
        Ok(())
    }
}
