//! Journals within this process, for the disk and the memory provider: topics in a map, appends through one queue.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::append::{AppendError, Entry, Sink};
use crate::error::Error;
use crate::in_flight::InFlight;
use crate::queue::{Pending, Queue};
use crate::record::Offsets;
use crate::topic::{Creation, Description, Mismatch, TopicSpec};

/// A partition of such a journal.
pub(crate) trait Partition: Send + Sync + 'static {
    /// The present ends.
    fn offsets(&self) -> Offsets;
}

/// The queue of a journal. Its drop, with the last handle, appender and reader, closes the journal.
pub(crate) type SharedQueue<P> = Arc<Queue<Arc<P>>>;

/// A topic.
pub(crate) struct Topic<P> {
    pub(crate) spec: TopicSpec,
    pub(crate) partitions: Vec<Arc<P>>,
}

/// All topics, by name.
pub(crate) struct Topics<P>(Mutex<BTreeMap<String, Arc<Topic<P>>>>);

impl<P> Default for Topics<P> {
    fn default() -> Topics<P> {
        Topics(Mutex::default())
    }
}

impl<P: Partition> Topics<P> {
    /// Adds a topic unless one with its name exists.
    pub(crate) fn insert(&self, topic: Topic<P>) -> Creation {
        match self.0.lock().entry(topic.spec.name.clone()) {
            Slot::Occupied(_) => Creation::Existed,
            Slot::Vacant(slot) => {
                slot.insert(Arc::new(topic));
                Creation::Created
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<Topic<P>>, Error> {
        let found = self.0.lock().get(name).cloned();
        found.ok_or_else(|| Error::NoTopic(name.to_owned()))
    }

    pub(crate) fn partition(&self, name: &str, partition: u32) -> Result<Arc<P>, Error> {
        let topic = self.get(name)?;
        let found = topic.partitions.get(partition as usize).cloned();
        found.ok_or_else(|| Error::NoPartition {
            topic: name.to_owned(),
            partition,
            partitions: topic.spec.partitions,
        })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Topic<P>>> {
        self.0.lock().values().cloned().collect()
    }

    /// Describes the topic with this name; `None` if it does not exist.
    pub(crate) fn describe(&self, expected: &TopicSpec) -> Option<Description> {
        let topic = self.get(&expected.name).ok()?;
        let starts = topic.partitions.iter().map(|it| it.offsets().start);
        let start_offsets: Vec<u64> = starts.collect();
        let mut mismatches = Mismatch::of_spec(expected, &topic.spec);
        mismatches.extend(Mismatch::of_starts(&start_offsets));
        Some(Description {
            partitions: topic.spec.partitions,
            replicas: 1,
            start_offsets,
            mismatches,
        })
    }

    pub(crate) fn appender(
        &self,
        topic: &str,
        queue: &SharedQueue<P>,
        sink: Sink,
    ) -> Result<Appender<P>, Error> {
        Ok(Appender {
            topic: self.get(topic)?,
            queue: Arc::clone(queue),
            in_flight: InFlight::new(sink),
        })
    }
}

/// Appends to one topic.
pub(crate) struct Appender<P: Partition> {
    topic: Arc<Topic<P>>,
    queue: SharedQueue<P>,
    in_flight: Arc<InFlight>,
}

impl<P: Partition> Appender<P> {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        if let Err(refusal) = self.topic.spec.admits(&entry) {
            return Err((entry, refusal));
        }
        self.queue.push(Pending {
            target: Arc::clone(&self.topic.partitions[entry.partition as usize]),
            entry,
            token,
            in_flight: Arc::clone(&self.in_flight),
        })
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.in_flight.flush(timeout)
    }
}
