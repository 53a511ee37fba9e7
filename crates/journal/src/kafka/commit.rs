//! Commits offsets to consumer groups, so that Kafka's tools can show lag. Nothing reads them back, so a background thread
//! retries quietly: a fresh cluster may take long to have a coordinator.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::Config;
use super::context::Context;
use crate::backoff::Backoff;
use crate::error::Error;
use crate::outage::Outage;

/// Longest pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Duration of an outage before it is reported: the lag that tools show is wrong.
const REPORT_AFTER: Duration = Duration::from_secs(60);

/// Group, topic and partition of a position.
type Target = (String, String, i32);

/// Passes positions to the thread, which ends when this is dropped.
pub(super) struct Committer {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    closed: bool,
    /// The latest position of each target.
    positions: BTreeMap<Target, i64>,
}

/// The thread's own side.
struct Worker {
    config: Config,
    shared: Arc<Shared>,
    /// The client of each group.
    clients: BTreeMap<String, BaseConsumer<Context>>,
    outage: Outage,
    backoff: Backoff,
}

impl Committer {
    pub(super) fn start(config: &Config) -> Result<Committer, Error> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut worker = Worker {
            config: config.clone(),
            shared: Arc::clone(&shared),
            clients: BTreeMap::new(),
            outage: Outage::default(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        };
        thread::Builder::new()
            .name("journal-commit".into())
            .spawn(move || while worker.turn() {})
            .map_err(|failure| Error::Unavailable(format!("no thread for positions: {failure}")))?;
        Ok(Committer { shared })
    }

    pub(super) fn commit(&self, group: String, topic: String, partition: i32, offset: i64) {
        let target = (group, topic, partition);
        self.shared.waiting.lock().positions.insert(target, offset);
        self.shared.changed.notify_one();
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.waiting.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Worker {
    /// Commits the queued positions; false once there will be no more.
    fn turn(&mut self) -> bool {
        let mut waiting = self.shared.waiting.lock();
        while waiting.positions.is_empty() && !waiting.closed {
            self.shared.changed.wait(&mut waiting);
        }
        let positions = mem::take(&mut waiting.positions);
        let closed = waiting.closed;
        drop(waiting);
        let mut groups: BTreeMap<String, Vec<(Target, i64)>> = BTreeMap::new();
        for (target, offset) in positions {
            let group = target.0.clone();
            groups.entry(group).or_default().push((target, offset));
        }
        let mut failed = None;
        for (group, positions) in groups {
            if let Err(error) = self.commit(&group, &positions) {
                self.put_back(positions);
                failed = Some((group, error));
            }
        }
        match failed {
            Some((group, error)) => self.rest(&group, &error),
            None => {
                self.outage.end();
                self.backoff.reset();
            }
        }
        !closed
    }

    fn commit(&mut self, group: &str, positions: &[(Target, i64)]) -> Result<(), KafkaError> {
        if !self.clients.contains_key(group) {
            let config = self.config.committing(group);
            let client = BaseConsumer::from_config_and_context(&config, Context::default())?;
            self.clients.insert(group.to_owned(), client);
        }
        let client = &self.clients[group];
        // Serves the client's log events.
        while client.poll(Duration::ZERO).is_some() {}
        let mut list = TopicPartitionList::new();
        for ((_, topic, partition), offset) in positions {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        // After an asynchronous commit, librdkafka would log each failure.
        client.commit(&list, CommitMode::Sync)
    }

    /// Requeues positions that could not be committed, unless a later one is queued.
    fn put_back(&self, positions: Vec<(Target, i64)>) {
        let mut waiting = self.shared.waiting.lock();
        for (target, offset) in positions {
            waiting.positions.entry(target).or_insert(offset);
        }
    }

    fn rest(&mut self, group: &str, error: &KafkaError) {
        tracing::debug!(group, %error, "a position could not be committed");
        let now = Instant::now();
        if self.outage.failed(now) > REPORT_AFTER && self.outage.report() {
            tracing::warn!(
                group, %error,
                "positions cannot be committed, so Kafka's tools show a wrong lag; may this user read the group?"
            );
        }
        let until = now + self.backoff.next_pause();
        let mut waiting = self.shared.waiting.lock();
        while !waiting.closed {
            let waited = self.shared.changed.wait_until(&mut waiting, until);
            if waited.timed_out() {
                return;
            }
        }
    }
}
