//! Appends to a topic on Kafka: an idempotent producer, and a thread that delivers its reports in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::RwLock;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext, PurgeConfig,
};
use rdkafka::{ClientContext, Statistics};

use super::config::Config;
use super::context::Context;
use super::error;
use super::events::{Events, Report};
use super::registry::{Registry, pack, unpack};
use super::statistics::Clients;
use crate::append::{AppendError, Appended, Completion, Entry};
use crate::error::Error;
use crate::in_flight::InFlight;

/// Longest wait of the thread for an event, and so of the drop of a producer.
const WAIT: Duration = Duration::from_millis(100);
/// Completions delivered at once, at most.
const MAX_BATCH: usize = 4096;
/// Longest wait of a dropped producer for its records.
const CLOSING: Duration = Duration::from_secs(2);

/// A producer for one topic. Its librdkafka producer is recreated after an error that librdkafka calls fatal, and after a record
/// that was not delivered: records queued behind that one are given up, so that they cannot be appended before its retry.
pub(super) struct Producer {
    topic: String,
    setup: Setup,
    instance: RwLock<Arc<Instance>>,
}

/// Settings shared by all instances of a producer.
struct Setup {
    config: ClientConfig,
    registry: Arc<Registry>,
    clients: Arc<Clients>,
}

/// One librdkafka producer with its thread.
struct Instance {
    base: Arc<BaseProducer<Reports>>,
    state: Arc<InstanceState>,
    thread: Option<JoinHandle<()>>,
}

/// Shared by a producer and its thread.
#[derive(Default)]
struct InstanceState {
    /// Set to end the thread.
    stop: AtomicBool,
    /// Set after a record was not delivered: no more are accepted, and queued ones are given up. Locked while a record is enqueued.
    broken: RwLock<bool>,
}

/// The producer's context.
struct Reports {
    context: Context,
    registry: Arc<Registry>,
}

/// Completions gathered from one wake-up, by the appender's number.
#[derive(Default)]
struct Gathered {
    batches: Vec<(u16, Vec<Completion>)>,
    count: usize,
    /// True if a record that may be retried was not delivered.
    failed: bool,
}

impl Producer {
    pub(super) fn new(
        config: &Config,
        topic: &str,
        batch_bytes: u32,
        clients: &Arc<Clients>,
    ) -> Result<Producer, Error> {
        let setup = Setup {
            config: config.producing(batch_bytes),
            registry: Arc::default(),
            clients: Arc::clone(clients),
        };
        Ok(Producer {
            topic: topic.to_owned(),
            instance: RwLock::new(Arc::new(setup.start()?)),
            setup,
        })
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.setup.registry
    }

    pub(super) fn append(
        &self,
        in_flight: &InFlight,
        number: u16,
        token: u64,
        entry: Entry,
    ) -> Result<(), (Entry, AppendError)> {
        if entry.headers.iter().any(|(name, _)| name.contains('\0')) {
            let why = "a header's name holds a zero byte".into();
            return Err((entry, AppendError::Terminal(why)));
        }
        let instance = self.instance.read();
        let state = Arc::clone(&instance.state);
        let broken = state.broken.read();
        if *broken {
            drop(broken);
            let broken = Arc::clone(&instance);
            drop(instance);
            self.renew(&broken);
            let why = "a record before it was not delivered; the producer is recreated".into();
            return Err((entry, AppendError::Retryable(why)));
        }
        in_flight.add();
        let Err(failure) = instance.send(&self.topic, pack(number, token), &entry) else {
            return Ok(());
        };
        in_flight.remove(1);
        if failure.rdkafka_error_code() == Some(Code::QueueFull) {
            return Err((entry, AppendError::Full));
        }
        drop(broken);
        let fatal = instance.base.client().fatal_error();
        let broken = fatal.map(|_| Arc::clone(&instance));
        drop(instance);
        if let Some(broken) = broken {
            self.renew(&broken);
        }
        let code = failure.rdkafka_error_code().unwrap_or(Code::Fail);
        Err((entry, error::of_delivery(code, true)))
    }

    /// Replaces a broken instance by a new one.
    fn renew(&self, broken: &Arc<Instance>) {
        let mut instance = self.instance.write();
        // A record still in flight on the old instance must not be appended after those of the new one.
        if !Arc::ptr_eq(&instance, broken) || broken.base.in_flight_count() > 0 {
            return;
        }
        tracing::warn!(topic = %self.topic, fatal = ?broken.base.client().fatal_error(), "the producer is recreated");
        match self.setup.start() {
            Ok(fresh) => {
                let old = std::mem::replace(&mut *instance, Arc::new(fresh));
                // The end of its thread takes a moment, and the caller must not block.
                let ending = thread::Builder::new().name("journal-produce-end".into());
                if let Err(error) = ending.spawn(move || drop(old)) {
                    tracing::warn!(%error, "no thread to end the old producer");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no new producer can be created; the next append tries again")
            }
        }
    }
}

impl Setup {
    /// Starts an instance.
    fn start(&self) -> Result<Instance, Error> {
        let reports = Reports {
            context: Context::reporting(&self.clients),
            registry: Arc::clone(&self.registry),
        };
        let base = BaseProducer::from_config_and_context(&self.config, reports)
            .map_err(|failure| error::general(&failure, "the producer"))?;
        let base = Arc::new(base);
        let state = Arc::new(InstanceState::default());
        let (theirs, shared) = (Arc::clone(&base), Arc::clone(&state));
        let thread = thread::Builder::new()
            .name("journal-produce".into())
            .spawn(move || serve(theirs, &shared))
            .map_err(|failure| {
                Error::Unavailable(format!("no thread for the producer: {failure}"))
            })?;
        Ok(Instance {
            base,
            state,
            thread: Some(thread),
        })
    }
}

impl Instance {
    fn send(&self, topic: &str, word: usize, entry: &Entry) -> Result<(), KafkaError> {
        let partition = i32::try_from(entry.partition).unwrap_or(i32::MAX);
        let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, word)
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
        self.base.send(record).map_err(|(failure, _)| failure)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else {
            return;
        };
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

/// The thread of a producer: delivers completions as they arrive.
fn serve(base: Arc<BaseProducer<Reports>>, state: &InstanceState) {
    let reports = Arc::clone(base.context());
    let events = Events::new(Arc::clone(&base));
    let mut closing: Option<Instant> = None;
    loop {
        let mut gathered = Gathered::default();
        let mut wait = WAIT;
        while gathered.count < MAX_BATCH && events.serve(wait, &mut |report| gathered.take(report))
        {
            wait = Duration::ZERO;
        }
        if gathered.failed {
            // Set before the failure is delivered, because its receiver may retry at once.
            *state.broken.write() = true;
        }
        if *state.broken.read() {
            // Repeated each time: records in flight return to the queue when their connection fails.
            base.purge(PurgeConfig::default().queue());
        }
        gathered.hand_on(&reports.registry);
        if state.stop.load(Ordering::SeqCst) {
            let since = closing.get_or_insert_with(Instant::now);
            if base.in_flight_count() == 0 || since.elapsed() > CLOSING {
                return;
            }
        }
    }
}

impl Gathered {
    fn take(&mut self, report: Report) {
        let result = match report.result {
            Ok((offset, time)) => {
                let offset = u64::try_from(offset).ok();
                let append_ms = offset.and(u64::try_from(time).ok()).unwrap_or(0);
                Ok(Appended { offset, append_ms })
            }
            Err((code, surely_not_persisted)) => {
                Err(error::of_delivery(code, surely_not_persisted))
            }
        };
        self.failed |= matches!(
            result,
            Err(AppendError::Retryable(_) | AppendError::Unknown(_))
        );
        let (number, token) = unpack(report.word);
        let completion = Completion { token, result };
        self.count += 1;
        match self.batches.iter_mut().find(|(known, _)| *known == number) {
            Some((_, batch)) => batch.push(completion),
            None => self.batches.push((number, vec![completion])),
        }
    }

    fn hand_on(self, registry: &Registry) {
        for (number, batch) in self.batches {
            registry.deliver(number, batch);
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

    fn stats(&self, statistics: Statistics) {
        self.context.stats(statistics);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    /// Called only for records that a dropped producer gives up: all others arrive through [`Events`].
    fn delivery(&self, report: &DeliveryResult<'_>, word: usize) {
        let result = match report {
            Ok(message) => Ok((
                message.offset(),
                message.timestamp().to_millis().unwrap_or(-1),
            )),
            Err((failure, _)) => Err((failure.rdkafka_error_code().unwrap_or(Code::Fail), false)),
        };
        let mut gathered = Gathered::default();
        gathered.take(Report { word, result });
        gathered.hand_on(&self.registry);
    }
}

#[cfg(test)]
mod tests;
