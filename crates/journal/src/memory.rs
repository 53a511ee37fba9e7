//! The memory provider: a journal in this process, for tests and simulation.
//!
//! `memory:` is a journal of its own, shared by its clones. `memory:NAME` is one journal for everybody in the process who
//! opens that name, and it stays until the process ends: a restarted service finds its log again.

#[cfg(feature = "testing")]
mod faults;
mod log;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

#[cfg(feature = "testing")]
pub use self::faults::{Chances, Faults};
use self::log::Log;
use crate::Error;
use crate::append::{AppendError, Entry, Outlet, Sink};
use crate::clock::now_ms;
use crate::queue::{Outcome, Pending, Queue};
use crate::record::{Batch, Headers, Offsets};
use crate::topic::{Creation, Description, Fault, TopicSpec};

/// Journals by name. A name's journal is never dropped.
static NAMED: Mutex<BTreeMap<String, Memory>> = Mutex::new(BTreeMap::new());

/// A journal in memory.
#[derive(Clone)]
pub(crate) struct Memory {
    topics: Arc<Mutex<BTreeMap<String, Arc<Topic>>>>,
    queue: Arc<Queue<Arc<Partition>>>,
    #[cfg(feature = "testing")]
    faults: Arc<Mutex<faults::State>>,
}

struct Topic {
    spec: TopicSpec,
    partitions: Vec<Arc<Partition>>,
}

struct Partition {
    log: Mutex<Log>,
    grown: Condvar,
}

impl Memory {
    pub(crate) fn open(name: &str) -> Result<Memory, Error> {
        if name.is_empty() {
            return Memory::new();
        }
        let mut named = NAMED.lock();
        if let Some(memory) = named.get(name) {
            return Ok(memory.clone());
        }
        let memory = Memory::new()?;
        named.insert(name.to_owned(), memory.clone());
        Ok(memory)
    }

    #[cfg(not(feature = "testing"))]
    fn new() -> Result<Memory, Error> {
        let append = |pending: &Pending<Arc<Partition>>, now| {
            pending.target.log.lock().append(&pending.entry, now)
        };
        let queue = Queue::start("journal-memory", move |group| commit(group, append))?;
        Ok(Memory {
            topics: Arc::default(),
            queue: Arc::new(queue),
        })
    }

    #[cfg(feature = "testing")]
    fn new() -> Result<Memory, Error> {
        let faults = Arc::<Mutex<faults::State>>::default();
        let theirs = Arc::clone(&faults);
        let queue = Queue::start("journal-memory", move |group| {
            faults::delay(&theirs);
            commit(group, |pending, now| {
                faults::append(&theirs, &pending.target, &pending.entry, now)
            })
        })?;
        Ok(Memory {
            topics: Arc::default(),
            queue: Arc::new(queue),
            faults,
        })
    }

    #[cfg(not(feature = "testing"))]
    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "memory fails only when it is told to"
    )]
    fn reach(&self) -> Result<(), Error> {
        Ok(())
    }

    #[cfg(feature = "testing")]
    fn reach(&self) -> Result<(), Error> {
        faults::reach(&self.faults)
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        self.reach()?;
        let mut topics = self.topics.lock();
        if topics.contains_key(&spec.name) {
            return Ok(Creation::Existed);
        }
        let partition = |_| {
            Arc::new(Partition {
                log: Mutex::default(),
                grown: Condvar::new(),
            })
        };
        let partitions = (0..spec.partitions).map(partition).collect();
        topics.insert(
            spec.name.clone(),
            Arc::new(Topic {
                spec: spec.clone(),
                partitions,
            }),
        );
        Ok(Creation::Created)
    }

    pub(crate) fn describe(
        &self,
        topic: &str,
        expected: &TopicSpec,
    ) -> Result<Option<Description>, Error> {
        let topic = match self.topic(topic) {
            Ok(topic) => topic,
            Err(Error::NoTopic(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let start_offsets: Vec<u64> = topic
            .partitions
            .iter()
            .map(|p| p.log.lock().offsets().start)
            .collect();
        let mut faults = Fault::of_spec(expected, &topic.spec);
        faults.extend(Fault::of_starts(&start_offsets));
        Ok(Some(Description {
            partitions: topic.spec.partitions,
            replicas: 1,
            start_offsets,
            faults,
        }))
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        Ok(self.partition(topic, partition)?.log.lock().offsets())
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        Ok(Appender {
            topic: self.topic(topic)?,
            queue: Arc::clone(&self.queue),
            outlet: Outlet::new(sink),
        })
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        Ok(Reader {
            memory: self.clone(),
            partition: self.partition(topic, partition)?,
            place: (topic.to_owned(), partition),
            next: from,
            headers: Headers::default(),
        })
    }

    fn topic(&self, name: &str) -> Result<Arc<Topic>, Error> {
        self.reach()?;
        self.topics
            .lock()
            .get(name)
            .cloned()
            .ok_or_else(|| Error::NoTopic(name.to_owned()))
    }

    fn partition(&self, name: &str, partition: u32) -> Result<Arc<Partition>, Error> {
        let topic = self.topic(name)?;
        topic
            .partitions
            .get(partition as usize)
            .cloned()
            .ok_or_else(|| Error::NoPartition {
                topic: name.to_owned(),
                partition,
                partitions: topic.spec.partitions,
            })
    }
}

fn commit(
    group: &[Pending<Arc<Partition>>],
    append: impl Fn(&Pending<Arc<Partition>>, u64) -> Outcome,
) -> Vec<Outcome> {
    let now = now_ms();
    let outcomes = group.iter().map(|pending| append(pending, now)).collect();
    for pending in group {
        pending.target.grown.notify_all();
    }
    outcomes
}

/// Appends to one topic.
pub(crate) struct Appender {
    topic: Arc<Topic>,
    queue: Arc<Queue<Arc<Partition>>>,
    outlet: Arc<Outlet>,
}

#[allow(
    clippy::result_large_err,
    reason = "the entry comes back, so that a full queue costs no copy"
)]
impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        if let Err(refusal) = self.topic.spec.admits(&entry) {
            return Err((entry, refusal));
        }
        let target = Arc::clone(&self.topic.partitions[entry.partition as usize]);
        self.queue.push(Pending {
            target,
            entry,
            token,
            outlet: Arc::clone(&self.outlet),
        })
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.outlet.flush(timeout)
    }
}

/// Reads one partition.
pub(crate) struct Reader {
    memory: Memory,
    partition: Arc<Partition>,
    place: (String, u32),
    next: u64,
    headers: Headers,
}

impl Reader {
    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        let deadline = Instant::now() + wait;
        let mut log = self.partition.log.lock();
        loop {
            self.memory.reach()?;
            let Offsets { start, end } = log.offsets();
            if self.next < start || self.next > end {
                let (topic, partition) = self.place.clone();
                return Err(Error::OutOfRange {
                    topic,
                    partition,
                    offset: self.next,
                    start,
                    end,
                });
            }
            let batch = log.read(self.next, max_bytes, self.headers);
            if !batch.records.is_empty() || Instant::now() >= deadline {
                self.next = batch.next;
                return Ok(batch);
            }
            self.partition.grown.wait_until(&mut log, deadline);
        }
    }

    pub(crate) fn seek(&mut self, from: u64) {
        self.next = from;
    }

    pub(crate) fn keep(&mut self, headers: Headers) {
        self.headers = headers;
    }
}
