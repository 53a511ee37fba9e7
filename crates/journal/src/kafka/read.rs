//! Reads a partition on Kafka: a consumer with explicit offsets, which never commits any.

use std::ffi::CString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cluster::Cluster;
use super::context::Context;
use super::{error, native};
use crate::error::Error;
use crate::record::{BATCH_RECORDS, Batch, Headers, Offsets, Record};

/// Silence after which a reader checks that the brokers still answer.
const IDLE_CHECK: Duration = Duration::from_secs(5);
/// Timeout of that check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads one partition.
pub(crate) struct Reader {
    cluster: Arc<Cluster>,
    topic: String,
    name: CString,
    partition: u32,
    headers: Headers,
    next: u64,
    /// The consumer, while it reads at the right offset. A consumer is assigned only once: librdkafka aborts the process if a second
    /// assignment comes while it still stops the first (confluentinc/librdkafka#5573).
    consumer: Option<BaseConsumer<Context>>,
    /// End of the partition as requested before the consumer was assigned: when the consumer then reaches an end, everything below
    /// this one has been read, holes included.
    end_before: u64,
    /// End of the partition as last known.
    end: u64,
    /// A record that did not fit into the last batch.
    held: Option<Record>,
    /// True if the brokers may be gone.
    suspect: bool,
    heard: Instant,
}

impl Reader {
    pub(super) fn new(
        cluster: Arc<Cluster>,
        topic: &str,
        partition: u32,
        from: u64,
    ) -> Result<Reader, Error> {
        let name = CString::new(cluster.topic_name(topic))
            .map_err(|_| Error::BadConfig("a topic's name holds a zero byte".into()))?;
        Ok(Reader {
            cluster,
            topic: topic.to_owned(),
            name,
            partition,
            headers: Headers::default(),
            next: from,
            consumer: None,
            end_before: 0,
            end: 0,
            held: None,
            suspect: false,
            heard: Instant::now(),
        })
    }

    pub(crate) fn seek(&mut self, from: u64) {
        self.next = from;
        self.held = None;
        self.consumer = None;
    }

    pub(crate) fn keep(&mut self, headers: Headers) {
        self.headers = headers;
    }

    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        let deadline = Instant::now() + wait;
        if self.consumer.is_none() {
            self.assign()?;
        }
        let mut records = Vec::new();
        let mut bytes = 0;
        if let Some(record) = self.held.take() {
            bytes = record.size();
            self.next = record.offset + 1;
            records.push(record);
        }
        while bytes < max_bytes && records.len() < BATCH_RECORDS {
            let pause = if records.is_empty() {
                whole_ms(deadline.saturating_duration_since(Instant::now()))
            } else {
                Duration::ZERO
            };
            let passed = self.next;
            match self.poll(pause) {
                Polled::Record(record) if record.offset < self.next => {}
                Polled::Record(record) => {
                    bytes += record.size();
                    if bytes > max_bytes && !records.is_empty() {
                        self.held = Some(record);
                        break;
                    }
                    self.next = record.offset + 1;
                    records.push(record);
                }
                // The records read so far are returned first; the next call returns the error.
                Polled::Failed(_) if !records.is_empty() => break,
                Polled::Failed(code) => self.judge(code)?,
                Polled::Nothing if !records.is_empty() => break,
                Polled::Nothing | Polled::End => {
                    // A skip over holes is reported, too.
                    if self.next > passed && records.is_empty() {
                        break;
                    }
                    if records.is_empty() && Instant::now() >= deadline {
                        self.check()?;
                        break;
                    }
                }
            }
        }
        if !records.is_empty() {
            self.heard = Instant::now();
        }
        let watermarks = self.consumer.as_ref().and_then(|consumer| {
            native::known_watermarks(consumer.client(), &self.name, self.number())
        });
        self.end = self
            .end
            .max(watermarks.map_or(0, |(_, high)| high))
            .max(self.next);
        Ok(Batch {
            records,
            next: self.next,
            end: self.end,
            permit: None,
        })
    }

    /// The ends of the partition, if the next offset is between them.
    fn admitted(&self) -> Result<Offsets, Error> {
        let (topic, partition) = (&self.topic, self.partition);
        let offsets = self.cluster.offsets(topic, partition, CHECK_TIMEOUT)?;
        offsets.admit(topic, partition, self.next)?;
        Ok(offsets)
    }

    /// Requests the ends of the partition, and assigns a new consumer at the next offset.
    fn assign(&mut self) -> Result<(), Error> {
        self.consumer = None;
        let end = self.admitted()?.end;
        let config = self.cluster.config.reading();
        let context = Context::reporting(&self.cluster.clients);
        let consumer = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|failure| error::general(&failure, "the consumer"))?;
        let mut list = TopicPartitionList::new();
        let offset = i64::try_from(self.next).unwrap_or(i64::MAX);
        let name = self.cluster.topic_name(&self.topic);
        list.add_partition_offset(&name, self.number(), Offset::Offset(offset))
            .and_then(|()| consumer.assign(&list))
            .map_err(|failure| error::general(&failure, "assigning the consumer"))?;
        self.consumer = Some(consumer);
        self.suspect = false;
        self.heard = Instant::now();
        self.end_before = end;
        self.end = end;
        Ok(())
    }

    /// The consumer's next event.
    fn poll(&mut self, wait: Duration) -> Polled {
        let Some(consumer) = &self.consumer else {
            return Polled::Nothing;
        };
        match consumer.poll(wait) {
            None => Polled::Nothing,
            Some(Ok(message)) => Polled::Record(record_of(&message, self.headers)),
            Some(Err(KafkaError::PartitionEOF(_))) => {
                self.heard = Instant::now();
                self.next = self.next.max(self.end_before);
                Polled::End
            }
            Some(Err(failure)) => {
                Polled::Failed(failure.rdkafka_error_code().unwrap_or(Code::Fail))
            }
        }
    }

    /// Maps an error of the consumer.
    fn judge(&mut self, code: Code) -> Result<(), Error> {
        match code {
            Code::OffsetOutOfRange
            | Code::AutoOffsetReset
            | Code::NoOffset
            | Code::LogTruncation => {
                // The consumer has stopped. Reading can continue inside the present partition, but records below may have changed: the
                // error makes a follower compare them again.
                self.consumer = None;
                self.admitted()?;
                Err(Error::Unavailable(format!(
                    "the partition has changed under its reader: {code}"
                )))
            }
            Code::Fatal => {
                self.consumer = None;
                Err(Error::Unavailable(
                    "the consumer had to be recreated".into(),
                ))
            }
            code if error::is_missing(code) => {
                // Returning brokers do not know their topics for a moment: only an answer with metadata counts.
                self.cluster.shape(&self.topic)?;
                self.suspect = true;
                self.check()
            }
            code => match error::of_code(code, "reading") {
                Error::Unavailable(_) => {
                    self.suspect = true;
                    self.check()
                }
                error => Err(error),
            },
        }
    }

    /// Checks that the brokers still answer, if there is a reason for doubt; skips holes at the end.
    fn check(&mut self) -> Result<(), Error> {
        if !self.suspect && self.heard.elapsed() < IDLE_CHECK {
            return Ok(());
        }
        let offsets = match self.admitted() {
            Err(error @ Error::OutOfRange { .. }) => {
                self.suspect = false;
                self.consumer = None;
                return Err(error);
            }
            offsets => offsets?,
        };
        self.suspect = false;
        if self.next == offsets.end {
            self.heard = Instant::now();
            return Ok(());
        }
        // Either records are in flight, or there are only holes: a new consumer from here decides. Not at once, because it would
        // first try brokers that are down, and log that.
        if self.heard.elapsed() < IDLE_CHECK {
            Ok(())
        } else {
            self.assign()
        }
    }

    fn number(&self) -> i32 {
        i32::try_from(self.partition).unwrap_or(i32::MAX)
    }
}

/// Rounds up to milliseconds: the bindings spin through a fraction of one.
fn whole_ms(time: Duration) -> Duration {
    let ms = u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    Duration::from_millis(ms)
}

/// The result of a poll.
enum Polled {
    Record(Record),
    /// The end of the partition is reached.
    End,
    Nothing,
    Failed(Code),
}

fn record_of(message: &BorrowedMessage<'_>, headers: Headers) -> Record {
    Record {
        offset: u64::try_from(message.offset()).unwrap_or(0),
        append_ms: message
            .timestamp()
            .to_millis()
            .and_then(|time| u64::try_from(time).ok())
            .unwrap_or(0),
        key: message.key().map(Bytes::copy_from_slice),
        value: message
            .payload()
            .map(Bytes::copy_from_slice)
            .unwrap_or_default(),
        headers: native::headers(message, headers),
    }
}
