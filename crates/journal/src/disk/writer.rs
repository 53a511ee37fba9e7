//! The writer: commits groups on the journal's thread.
//!
//! A group takes these steps: write the frames of every partition, sync each file, write the marks, publish the
//! new ends and wake the readers. Then the queue completes the appends.
//!
//! * A failed *write* (a full disk) is undone by truncating the file and syncing that; the records are refused as retryable, the
//!   next append tries again, and so the journal recovers when there is space.
//! * A failed *sync* stops the journal: the system may have dropped the bytes it could not write and will not report that
//!   again, so the content of the disk is unknown until recovery has read it.

mod partition;

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Instant;

pub(super) use self::partition::{PartitionWriter, Written};
use super::files::FileError;
use super::frame::Salt;
use super::metrics::Metrics;
use super::partition::Partition;
use crate::append::AppendError;
use crate::clock::now_ms;
use crate::local::Topics;
use crate::queue::{Outcome, Pending};

/// Writes groups; owned by the journal's thread.
pub(super) struct Writer {
    salt: Salt,
    topics: Arc<Topics<Partition>>,
    metrics: Arc<Metrics>,
    /// Newly opened partitions; each arrives before the first entry for it.
    opened: mpsc::Receiver<PartitionWriter>,
    partitions: Partitions,
    /// The cause, if the journal has stopped.
    stopped: Option<String>,
}

/// The writer's side of each partition, by id.
#[derive(Default)]
struct Partitions(BTreeMap<u64, PartitionWriter>);

impl Writer {
    pub(super) fn new(
        salt: Salt,
        topics: Arc<Topics<Partition>>,
        metrics: Arc<Metrics>,
        opened: mpsc::Receiver<PartitionWriter>,
    ) -> Writer {
        Writer {
            salt,
            topics,
            metrics,
            opened,
            partitions: Partitions::default(),
            stopped: None,
        }
    }

    /// Makes a group durable.
    pub(super) fn commit(&mut self, group: &[Pending<Arc<Partition>>]) -> Vec<Outcome> {
        if let Some(why) = &self.stopped {
            // Terminal: retries in a process that must restart are pointless.
            let refuse = |_| Err(AppendError::Terminal(why.clone()));
            return group.iter().map(refuse).collect();
        }
        self.metrics.group(group.len());
        self.partitions.take(&self.opened);
        // Placeholder: every entry is overwritten below, and `Full` does not allocate.
        let mut outcomes: Vec<Outcome> = group.iter().map(|_| Err(AppendError::Full)).collect();
        let mut written = Vec::new();
        for id in self.place(group) {
            if self.write(id, &mut outcomes) {
                written.push(id);
            }
        }
        for id in written {
            self.publish(id, &mut outcomes);
        }
        outcomes
    }

    /// Assigns offsets and encodes all entries; returns the partitions concerned.
    fn place(&mut self, group: &[Pending<Arc<Partition>>]) -> Vec<u64> {
        let now = now_ms();
        let mut touched = Vec::new();
        for (index, pending) in group.iter().enumerate() {
            let id = pending.target.id;
            if !touched.contains(&id) {
                touched.push(id);
            }
            let partition = self.partitions.get(id);
            partition.place(self.salt, &pending.entry, index, now);
        }
        touched
    }

    /// Writes the placed records. False if that failed: they are refused, and the file is unchanged.
    fn write(&mut self, id: u64, outcomes: &mut [Outcome]) -> bool {
        let failed = match self.partitions.get(id).write() {
            Ok(()) => return true,
            Err(failed) => failed,
        };
        if let Some(why) = failed.torn {
            self.stop(why);
        }
        let partition = self.partitions.get(id);
        match &self.stopped {
            Some(why) => partition.give_up(why, outcomes),
            None => partition.refuse(&failed.error, outcomes),
        }
        false
    }

    /// Syncs and publishes the written records of a partition.
    fn publish(&mut self, id: u64, outcomes: &mut [Outcome]) {
        if self.stopped.is_none() {
            let began = Instant::now();
            let result = self.partitions.get(id).sync();
            self.metrics.synced(began.elapsed());
            self.stop_if_failed(id, result);
        }
        if let Some(why) = &self.stopped {
            return self.partitions.get(id).give_up(why, outcomes);
        }
        let result = self.partitions.get(id).publish(outcomes);
        self.stop_if_failed(id, result);
    }

    fn stop_if_failed(&mut self, id: u64, synced: Result<(), FileError>) {
        if let Err(error) = synced {
            let directory = self.partitions.get(id).directory().display();
            let why = format!("syncing {directory} failed: {}", error.source);
            self.stop(why);
        }
    }

    fn stop(&mut self, why: String) {
        tracing::error!(%why, "the journal has stopped; restart the process");
        for topic in self.topics.all() {
            for partition in &topic.partitions {
                partition.stop(&why);
            }
        }
        self.stopped = Some(format!(
            "the journal has stopped: {why}; restart the process"
        ));
    }
}

impl Partitions {
    fn take(&mut self, opened: &mpsc::Receiver<PartitionWriter>) {
        self.0.extend(opened.try_iter().map(|it| (it.id(), it)));
    }

    fn get(&mut self, id: u64) -> &mut PartitionWriter {
        let found = self.0.get_mut(&id);
        found.expect("a partition is opened before anything is appended to it")
    }
}

impl Drop for Writer {
    /// Syncs the marks, so that those of a closed journal survive a power cut.
    fn drop(&mut self) {
        if self.stopped.is_none() {
            self.partitions.take(&self.opened);
            for partition in self.partitions.0.values() {
                let _ = partition.sync_mark();
            }
        }
    }
}
