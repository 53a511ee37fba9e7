//! Appends: our journals against the least that anybody could do on the same disk and the same broker.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use journal::{AppendError, Appender, Completion, Entry, Journal, Options, TopicSpec, Url};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientConfig, ClientContext};

use crate::report::{Measured, Report, timed};

/// Bytes of a record: an ordinary transaction.
const RECORD_BYTES: usize = 180;
/// Appends of one turn that wait for each other.
const SINGLE: u64 = 500;
/// Appends of one turn on the broker.
const MANY: u64 = 200_000;
const TOPIC: &str = "transactions";
/// As for the topic of transactions.
const MAX_RECORD_BYTES: u32 = 64 << 10;
/// Longest wait for a sign of the log.
const PAUSE: Duration = Duration::from_millis(10);

/// One writer, one record at a time: what a lone user waits for.
pub fn disk(report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut file = File::create(dir.path().join("bare"))?;
    let journal = Journal::open(
        &Url::parse(&format!("disk:{}", dir.path().join("journal").display()))?,
        &Options::default(),
    )?;
    journal.create_topic(&spec())?;
    let counter = Counter::new(&journal, TOPIC)?;
    report.compare(
        "disk append, one at a time, over write + fsync",
        "rec",
        0.5,
        || {
            let (measured, outcome) = timed(SINGLE, || -> std::io::Result<()> {
                for _ in 0..SINGLE {
                    file.write_all(&[7; RECORD_BYTES])?;
                    file.sync_data()?;
                }
                Ok(())
            });
            outcome?;
            Ok(measured)
        },
        || counter.one_by_one(SINGLE),
    )?;
    report.compare(
        "disk append, thousands in flight, over the same",
        "rec",
        0.5,
        || {
            let (measured, outcome) = timed(SINGLE, || -> std::io::Result<()> {
                for _ in 0..SINGLE {
                    file.write_all(&[7; RECORD_BYTES])?;
                    file.sync_data()?;
                }
                Ok(())
            });
            outcome?;
            Ok(measured)
        },
        || counter.in_flight((0..MANY).map(|_| entry())),
    )
}

/// As many as the broker takes: idempotent, acks=all, one partition.
pub fn kafka(report: &mut Report) -> Result<()> {
    let Some(brokers) = harness::kafka() else {
        return Ok(());
    };
    let prefix = harness::unique("bench");
    let journal = Journal::open(
        &Url::parse(&format!("kafka://{brokers}/{prefix}"))?,
        &Options::default(),
    )?;
    journal.create_topic(&spec())?;
    let counter = Counter::new(&journal, TOPIC)?;
    let topic = journal.topic_name(TOPIC);
    let bare: ThreadedProducer<Refused> = ClientConfig::new()
        .set("bootstrap.servers", &brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("queue.buffering.max.messages", "1000000")
        .set("linger.ms", "5")
        // What the topic takes: the default of 1 MB would be refused, faster than anything is written.
        .set("batch.size", (MAX_RECORD_BYTES - 4096).to_string())
        .create_with_context(Refused::default())?;
    report.compare(
        "Kafka append, thousands in flight, over librdkafka",
        "rec",
        0.7,
        || {
            let (measured, outcome) = timed(MANY, || -> Result<()> {
                for _ in 0..MANY {
                    let value = [7; RECORD_BYTES];
                    let record = BaseRecord::<(), [u8]>::to(&topic)
                        .partition(0)
                        .payload(&value);
                    if let Err((error, _)) = bare.send(record) {
                        bail!(error);
                    }
                }
                Ok(bare.flush(Duration::from_secs(60))?)
            });
            outcome?;
            let refused = bare.context().0.load(Ordering::Relaxed);
            anyhow::ensure!(
                refused == 0,
                "{refused} records of the bare producer refused"
            );
            Ok(measured)
        },
        || counter.in_flight((0..MANY).map(|_| entry())),
    )
}

/// Counts what a bare producer did not get into the log.
#[derive(Default)]
struct Refused(AtomicU64);

impl ClientContext for Refused {}

impl ProducerContext for Refused {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.0
            .fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
    }
}

fn spec() -> TopicSpec {
    TopicSpec {
        name: TOPIC.into(),
        partitions: 1,
        max_record_bytes: MAX_RECORD_BYTES,
    }
}

fn entry() -> Entry {
    Entry {
        value: Bytes::from_static(&[7; RECORD_BYTES]),
        ..Default::default()
    }
}

/// An appender that counts what was acknowledged.
pub struct Counter {
    appender: Appender,
    done: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl Counter {
    pub fn new(journal: &Journal, topic: &str) -> Result<Self> {
        let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counts = (done.clone(), failed.clone());
        // Whoever appends waits without taking a core from those who do the work.
        let appends = std::thread::current();
        let sink = Arc::new(move |completions: Vec<Completion>| {
            let bad = completions
                .iter()
                .filter(|completion| completion.result.is_err())
                .count() as u64;
            counts.1.fetch_add(bad, Ordering::Relaxed);
            counts
                .0
                .fetch_add(completions.len() as u64, Ordering::Release);
            appends.unpark();
        });
        Ok(Self {
            appender: journal.appender(topic, sink)?,
            done,
            failed,
        })
    }

    fn one_by_one(&self, count: u64) -> Result<Measured> {
        let start = Instant::now();
        for _ in 0..count {
            let target = self.done.load(Ordering::Acquire) + 1;
            self.push(entry())?;
            self.wait(target)?;
        }
        Ok((count, start.elapsed()))
    }

    /// Appends without waiting, then waits for all.
    pub fn in_flight(&self, entries: impl Iterator<Item = Entry>) -> Result<Measured> {
        let start = Instant::now();
        let before = self.done.load(Ordering::Acquire);
        let mut count = 0;
        for entry in entries {
            self.push(entry)?;
            count += 1;
        }
        self.wait(before + count)?;
        Ok((count, start.elapsed()))
    }

    fn push(&self, mut entry: Entry) -> Result<()> {
        loop {
            match self.appender.append(0, entry) {
                Ok(()) => return Ok(()),
                Err((back, AppendError::Full)) => {
                    entry = back;
                    std::thread::park_timeout(PAUSE);
                }
                Err((_, error)) => bail!(error),
            }
        }
    }

    fn wait(&self, target: u64) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.done.load(Ordering::Acquire) < target {
            if Instant::now() > deadline {
                bail!("appends are still not acknowledged after 60 s");
            }
            std::thread::park_timeout(PAUSE);
        }
        let failed = self.failed.load(Ordering::Relaxed);
        (failed == 0)
            .then_some(())
            .with_context(|| format!("{failed} appends failed"))
    }
}
