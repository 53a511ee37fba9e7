//! Appending to a topic on Kafka: an idempotent producer, and a thread that hands its delivery reports on in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::config::Config;
use super::context::Context;
use super::{error, native};
use crate::Error;
use crate::append::{AppendError, Appended, Completion, Entry, Outlet};

/// How long one poll gathers delivery reports while there is more to come.
const GATHER: Duration = Duration::from_millis(1);
/// Most completions handed on at once.
const MAX_BATCH: usize = 4096;
/// An idle producer looks after its connections this often.
const IDLE: Duration = Duration::from_secs(1);
/// How long a producer that is dropped waits for its records.
const CLOSING: Duration = Duration::from_secs(2);

/// A producer for one topic. It makes itself anew after an error that librdkafka calls fatal.
pub(super) struct Producer {
    config: Config,
    topic: String,
    batch_bytes: u32,
    line: Mutex<Arc<Line>>,
}

/// One librdkafka producer with its thread.
struct Line {
    base: Arc<BaseProducer<Reports>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    poller: Thread,
}

/// Who waits for a record.
struct Ticket {
    outlet: Arc<Outlet>,
    token: u64,
}

/// Gathers delivery reports.
struct Reports {
    context: Context,
    /// Records on their way.
    open: AtomicUsize,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Gathered {
    batches: Vec<(Arc<Outlet>, Vec<Completion>)>,
    count: usize,
}

impl Producer {
    pub(super) fn new(config: &Config, topic: &str, batch_bytes: u32) -> Result<Producer, Error> {
        let line = Line::new(config, batch_bytes)?;
        let (config, topic) = (config.clone(), topic.to_owned());
        Ok(Producer {
            config,
            topic,
            batch_bytes,
            line: Mutex::new(Arc::new(line)),
        })
    }

    #[allow(
        clippy::result_large_err,
        reason = "the entry comes back, so that a full queue costs no copy"
    )]
    pub(super) fn append(
        &self,
        outlet: &Arc<Outlet>,
        token: u64,
        entry: Entry,
    ) -> Result<(), (Entry, AppendError)> {
        if entry.headers.iter().any(|(name, _)| name.contains('\0')) {
            return Err((
                entry,
                AppendError::Terminal("a header's name holds a zero byte".into()),
            ));
        }
        let line = Arc::clone(&self.line.lock());
        let Err(failure) = line.send(&self.topic, outlet, token, &entry) else {
            return Ok(());
        };
        if failure.rdkafka_error_code() == Some(Code::QueueFull) {
            return Err((entry, AppendError::Full));
        }
        if line.base.client().fatal_error().is_some() {
            self.renew(&line);
        }
        Err((entry, error::of_delivery(&failure, true)))
    }

    /// Puts a new producer in the place of a broken one.
    fn renew(&self, broken: &Arc<Line>) {
        let mut line = self.line.lock();
        if !Arc::ptr_eq(&line, broken) {
            return;
        }
        tracing::warn!(topic = %self.topic, reason = ?broken.base.client().fatal_error(), "the producer is made anew");
        match Line::new(&self.config, self.batch_bytes) {
            Ok(fresh) => *line = Arc::new(fresh),
            Err(error) => {
                tracing::warn!(%error, "no new producer can be made; the next append tries again")
            }
        }
    }
}

impl Line {
    fn new(config: &Config, batch_bytes: u32) -> Result<Line, Error> {
        let reports = Reports {
            context: Context::default(),
            open: AtomicUsize::new(0),
            gathered: Mutex::default(),
        };
        let base = BaseProducer::from_config_and_context(&config.producing(batch_bytes), reports)
            .map_err(|failure| error::general(&failure, "the producer"))?;
        let base = Arc::new(base);
        let stop = Arc::new(AtomicBool::new(false));
        let (theirs, stopping) = (Arc::clone(&base), Arc::clone(&stop));
        let thread = thread::Builder::new()
            .name("journal-produce".into())
            .spawn(move || poll(&theirs, &stopping))
            .map_err(|failure| {
                Error::Unavailable(format!("no thread for the producer: {failure}"))
            })?;
        let poller = thread.thread().clone();
        Ok(Line {
            base,
            stop,
            thread: Some(thread),
            poller,
        })
    }

    fn send(
        &self,
        topic: &str,
        outlet: &Arc<Outlet>,
        token: u64,
        entry: &Entry,
    ) -> Result<(), KafkaError> {
        let partition = i32::try_from(entry.partition).unwrap_or(i32::MAX);
        let ticket = Box::new(Ticket {
            outlet: Arc::clone(outlet),
            token,
        });
        let mut record = BaseRecord::<[u8], [u8], Box<Ticket>>::with_opaque_to(topic, ticket)
            .partition(partition)
            .payload(&entry.value);
        if let Some(key) = &entry.key {
            record = record.key(key);
        }
        if !entry.headers.is_empty() {
            let mut headers = OwnedHeaders::new_with_capacity(entry.headers.len());
            for (name, value) in &entry.headers {
                headers = headers.insert(Header {
                    key: name,
                    value: Some(Bytes::as_ref(value)),
                });
            }
            record = record.headers(headers);
        }
        outlet.open();
        let open = &self.base.context().open;
        let before = open.fetch_add(1, Ordering::SeqCst);
        match self.base.send(record) {
            Ok(()) => {
                if before == 0 {
                    self.poller.unpark();
                }
                Ok(())
            }
            Err((failure, _)) => {
                open.fetch_sub(1, Ordering::SeqCst);
                outlet.close(1);
                Err(failure)
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.poller.unpark();
        let Some(thread) = self.thread.take() else {
            return;
        };
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

/// The thread of a producer: asleep while nothing is on its way.
fn poll(base: &BaseProducer<Reports>, stop: &AtomicBool) {
    let reports = Arc::clone(base.context());
    while !stop.load(Ordering::SeqCst) {
        if reports.open.load(Ordering::SeqCst) == 0 {
            thread::park_timeout(IDLE);
            base.poll(Duration::ZERO);
        } else {
            base.poll(GATHER);
        }
        reports.hand_on();
    }
    if let Err(failure) = base.flush(CLOSING) {
        tracing::warn!(%failure, "the producer closes with records on their way");
    }
    reports.hand_on();
}

impl Reports {
    fn hand_on(&self) {
        let gathered = std::mem::take(&mut *self.gathered.lock());
        for (outlet, batch) in gathered.batches {
            outlet.deliver(batch);
        }
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, report: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let result = match report {
            Ok(message) => {
                let offset = u64::try_from(message.offset()).ok();
                let time = message
                    .timestamp()
                    .to_millis()
                    .and_then(|time| u64::try_from(time).ok());
                Ok(Appended {
                    offset,
                    append_ms: offset.and(time).unwrap_or(0),
                })
            }
            Err((failure, message)) => Err(error::of_delivery(
                failure,
                native::surely_not_persisted(message),
            )),
        };
        let Ticket { outlet, token } = *ticket;
        let completion = Completion { token, result };
        let mut gathered = self.gathered.lock();
        match gathered
            .batches
            .iter_mut()
            .find(|(known, _)| Arc::ptr_eq(known, &outlet))
        {
            Some((_, batch)) => batch.push(completion),
            None => gathered.batches.push((outlet, vec![completion])),
        }
        gathered.count += 1;
        let full = gathered.count >= MAX_BATCH;
        drop(gathered);
        // Nothing more to wait for: whoever appends one record at a time gets its answer at once.
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 || full {
            self.hand_on();
        }
    }
}
