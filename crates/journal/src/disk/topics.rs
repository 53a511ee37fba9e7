//! The topics of a disk journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::partition::Partition;
use crate::Error;
use crate::topic::TopicSpec;

/// A topic.
pub(super) struct Topic {
    pub(super) spec: TopicSpec,
    pub(super) partitions: Vec<Arc<Partition>>,
}

/// All topics, by name.
#[derive(Default)]
pub(super) struct Topics(pub(super) Mutex<BTreeMap<String, Arc<Topic>>>);

impl Topics {
    pub(super) fn get(&self, name: &str) -> Result<Arc<Topic>, Error> {
        self.0
            .lock()
            .get(name)
            .cloned()
            .ok_or_else(|| Error::NoTopic(name.to_owned()))
    }

    pub(super) fn partition(&self, name: &str, partition: u32) -> Result<Arc<Partition>, Error> {
        let topic = self.get(name)?;
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

    /// Each topic with its segments and their bytes.
    pub(super) fn sizes(&self) -> Vec<(String, u64, u64)> {
        let topics = self.0.lock();
        let sizes = topics.iter().map(|(name, topic)| {
            let sizes = topic.partitions.iter().map(|partition| partition.size());
            let (segments, bytes) = sizes.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            (name.clone(), segments, bytes)
        });
        sizes.collect()
    }

    /// Every partition of every topic.
    pub(super) fn partitions(&self) -> Vec<Arc<Partition>> {
        let topics = self.0.lock();
        topics
            .values()
            .flat_map(|topic| topic.partitions.iter().cloned())
            .collect()
    }
}
