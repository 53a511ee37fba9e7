//! Reading a partition on Kafka: a consumer that is told its offsets and never commits any.

use std::ffi::CString;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::context::Context;
use super::{Kafka, error, native};
use crate::Error;
use crate::record::{BATCH_RECORDS, Batch, Headers, Offsets, Record};

/// A reader that has heard nothing for so long asks whether the brokers are still there.
const IDLE_CHECK: Duration = Duration::from_secs(5);
/// How long it waits for the answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads one partition.
pub(crate) struct Reader {
    kafka: Kafka,
    topic: String,
    name: CString,
    partition: u32,
    headers: Headers,
    next: u64,
    /// The consumer, while it reads where we want. A consumer is told once where to read: librdkafka aborts the process
    /// when it is told again while it still stops what it did before (confluentinc/librdkafka#5573).
    consumer: Option<BaseConsumer<Context>>,
    /// End of the log when it was last asked for, before the consumer was told where to read: when the consumer then
    /// reaches an end, everything below this one has been read, holes included.
    end_before: u64,
    /// End of the log as last known.
    end: u64,
    /// A record that did not fit into the last batch.
    held: Option<Record>,
    /// The brokers may be gone.
    suspect: bool,
    heard: Instant,
}

impl Reader {
    pub(super) fn new(
        kafka: Kafka,
        topic: &str,
        partition: u32,
        from: u64,
    ) -> Result<Reader, Error> {
        let name = CString::new(kafka.topic_name(topic))
            .map_err(|_| Error::BadConfig("a topic's name holds a zero byte".into()))?;
        Ok(Reader {
            kafka,
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
            self.aim()?;
        }
        let mut records = Vec::new();
        let mut bytes = 0;
        if let Some(record) = self.held.take() {
            bytes = record.size();
            self.next = record.offset + 1;
            records.push(record);
        }
        while bytes < max_bytes && records.len() < BATCH_RECORDS {
            let pause = match records.is_empty() {
                true => whole_ms(deadline.saturating_duration_since(Instant::now())),
                false => Duration::ZERO,
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
                // What was read comes first; the error shows again at the next call.
                Polled::Failed(_) if !records.is_empty() => break,
                Polled::Failed(code) => self.judge(code)?,
                Polled::Nothing if !records.is_empty() => break,
                Polled::Nothing | Polled::End => {
                    // Holes that were passed are news.
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

    fn offsets(&self) -> Result<Offsets, Error> {
        self.kafka
            .offsets_within(&self.topic, self.partition, CHECK_TIMEOUT)
    }

    /// Asks where the log begins and ends, and has a new consumer read from where we are.
    fn aim(&mut self) -> Result<(), Error> {
        self.consumer = None;
        let Offsets { start, end } = self.offsets()?;
        if self.next < start || self.next > end {
            return Err(self.out_of_range(Offsets { start, end }));
        }
        let config = self.kafka.inner.config.reading();
        let context = Context::telling(&self.kafka.inner.clients);
        let consumer = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|failure| error::general(&failure, "the consumer"))?;
        let mut list = TopicPartitionList::new();
        let offset =
            i64::try_from(self.next).map_err(|_| self.out_of_range(Offsets { start, end }))?;
        let name = self.kafka.topic_name(&self.topic);
        list.add_partition_offset(&name, self.number(), Offset::Offset(offset))
            .and_then(|()| consumer.assign(&list))
            .map_err(|failure| error::general(&failure, "telling the consumer where to read"))?;
        self.consumer = Some(consumer);
        self.suspect = false;
        self.heard = Instant::now();
        self.end_before = end;
        self.end = end;
        Ok(())
    }

    /// What the consumer has next.
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

    /// Decides what an error of the consumer means.
    fn judge(&mut self, code: Code) -> Result<(), Error> {
        match code {
            Code::OffsetOutOfRange
            | Code::AutoOffsetReset
            | Code::NoOffset
            | Code::LogTruncation => {
                // The consumer has stopped. Inside the log that is there now, reading can go on; but records below may
                // have changed, so it is said: whoever follows looks again at what it has read.
                self.consumer = None;
                let offsets = self.offsets()?;
                if self.next < offsets.start || self.next > offsets.end {
                    return Err(self.out_of_range(offsets));
                }
                Err(Error::Unavailable(format!(
                    "the log has changed under its reader: {code}"
                )))
            }
            Code::Fatal => {
                self.consumer = None;
                Err(Error::Unavailable(
                    "the consumer had to be made anew".into(),
                ))
            }
            code if error::is_missing(code) => {
                // Brokers forget topics for a moment when they come back: only metadata that answers counts.
                self.kafka.shape(&self.topic)?;
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

    /// Asks the brokers whether they are still there, if there is a reason to doubt it; passes holes at the end.
    fn check(&mut self) -> Result<(), Error> {
        if !self.suspect && self.heard.elapsed() < IDLE_CHECK {
            return Ok(());
        }
        let offsets = self.offsets()?;
        self.suspect = false;
        if self.next < offsets.start || self.next > offsets.end {
            self.consumer = None;
            return Err(self.out_of_range(offsets));
        }
        if self.next == offsets.end {
            self.heard = Instant::now();
            return Ok(());
        }
        // Either records are on their way, or there are only holes: reading from here again tells. Not at once: a new
        // consumer first tries brokers that are down, and says so.
        match self.heard.elapsed() < IDLE_CHECK {
            true => Ok(()),
            false => self.aim(),
        }
    }

    fn number(&self) -> i32 {
        i32::try_from(self.partition).unwrap_or(i32::MAX)
    }

    fn out_of_range(&self, Offsets { start, end }: Offsets) -> Error {
        Error::OutOfRange {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: self.next,
            start,
            end,
        }
    }
}

/// Rounded up: the bindings spin through what is left of a millisecond.
fn whole_ms(time: Duration) -> Duration {
    let ms = u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    Duration::from_millis(ms)
}

/// What a poll brings.
enum Polled {
    Record(Record),
    /// The end of the log, for now.
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
