//! The memory provider: a journal in this process, for tests and simulation.
//!
//! `memory:` is a new journal, shared by its clones. `memory:NAME` is one journal for every open of that name in the process,
//! and it stays until the process ends: a restarted service finds its topics.

#[cfg(feature = "testing")]
mod faults;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

#[cfg(feature = "testing")]
pub use self::faults::{Chances, Faults};
use self::records::Records;
use crate::append::Sink;
use crate::clock::now_ms;
use crate::error::Error;
use crate::local::{self, Appender, Partition as _, SharedQueue, Topic, Topics};
use crate::queue::{Outcome, Pending, Queue};
use crate::record::{Batch, Headers, Offsets};
use crate::topic::{Creation, Description, TopicSpec};

/// Journals by name, which are never dropped.
static NAMED: Mutex<BTreeMap<String, Memory>> = Mutex::new(BTreeMap::new());

/// A journal in memory.
#[derive(Clone)]
pub(crate) struct Memory {
    topics: Arc<Topics<Partition>>,
    queue: SharedQueue<Partition>,
    #[cfg(feature = "testing")]
    faults: Arc<Mutex<faults::State>>,
}

/// A partition in memory.
#[derive(Default)]
pub(crate) struct Partition {
    records: Mutex<Records>,
    grown: Condvar,
}

impl local::Partition for Partition {
    fn offsets(&self) -> Offsets {
        self.records.lock().offsets()
    }
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
            pending.target.records.lock().append(&pending.entry, now)
        };
        let queue = Queue::start("journal-memory", None, move |group| commit(group, append))?;
        Ok(Memory {
            topics: Arc::default(),
            queue: Arc::new(queue),
        })
    }

    #[cfg(feature = "testing")]
    fn new() -> Result<Memory, Error> {
        let faults = Arc::<Mutex<faults::State>>::default();
        let theirs = Arc::clone(&faults);
        let queue = Queue::start("journal-memory", None, move |group| {
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
        reason = "memory fails only when a test makes it fail"
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
        Ok(self.topics.insert(Topic {
            spec: spec.clone(),
            partitions: (0..spec.partitions).map(|_| Arc::default()).collect(),
        }))
    }

    pub(crate) fn describe(&self, expected: &TopicSpec) -> Result<Option<Description>, Error> {
        self.reach()?;
        Ok(self.topics.describe(expected))
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        self.reach()?;
        Ok(self.topics.partition(topic, partition)?.offsets())
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender<Partition>, Error> {
        self.reach()?;
        self.topics.appender(topic, &self.queue, sink)
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        self.reach()?;
        Ok(Reader {
            partition: self.topics.partition(topic, partition)?,
            memory: self.clone(),
            name: (topic.to_owned(), partition),
            next: from,
            headers: Headers::default(),
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

/// Reads one partition.
pub(crate) struct Reader {
    memory: Memory,
    partition: Arc<Partition>,
    /// Topic and number of the partition.
    name: (String, u32),
    next: u64,
    headers: Headers,
}

impl Reader {
    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        let deadline = Instant::now() + wait;
        let mut records = self.partition.records.lock();
        loop {
            self.memory.reach()?;
            let (topic, partition) = &self.name;
            records.offsets().admit(topic, *partition, self.next)?;
            let batch = records.read(self.next, max_bytes, self.headers);
            if !batch.records.is_empty() || Instant::now() >= deadline {
                self.next = batch.next;
                return Ok(batch);
            }
            self.partition.grown.wait_until(&mut records, deadline);
        }
    }

    pub(crate) fn seek(&mut self, from: u64) {
        self.next = from;
    }

    pub(crate) fn keep(&mut self, headers: Headers) {
        self.headers = headers;
    }
}
