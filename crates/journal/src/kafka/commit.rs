//! Positions left for Kafka's own tools to show lag. Nothing reads them, so a thread of their own leaves them: it may
//! wait as long as a fresh cluster takes to have a coordinator, and tries again without a word.

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
use crate::Error;
use crate::backoff::Backoff;

/// Pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Failures for so long are worth a line: lag that tools show is wrong.
const SAY_AFTER: Duration = Duration::from_secs(60);

/// Group, topic and partition of a position.
type Place = (String, String, i32);

/// The way to the thread, which ends when this is dropped.
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
    /// The latest position of each place.
    positions: BTreeMap<Place, i64>,
}

/// The thread's own side.
struct Worker {
    config: Config,
    shared: Arc<Shared>,
    /// By group.
    clients: BTreeMap<String, BaseConsumer<Context>>,
    failing: Option<Failing>,
}

/// Since when nothing could be left.
struct Failing {
    since: Instant,
    backoff: Backoff,
    said: bool,
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
            failing: None,
        };
        thread::Builder::new()
            .name("journal-commit".into())
            .spawn(move || while worker.turn() {})
            .map_err(|failure| Error::Unavailable(format!("no thread for positions: {failure}")))?;
        Ok(Committer { shared })
    }

    pub(super) fn leave(&self, group: String, topic: String, partition: i32, offset: i64) {
        let place = (group, topic, partition);
        self.shared.waiting.lock().positions.insert(place, offset);
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
    /// Leaves what waits; false when there will be no more.
    fn turn(&mut self) -> bool {
        let mut waiting = self.shared.waiting.lock();
        while waiting.positions.is_empty() && !waiting.closed {
            self.shared.changed.wait(&mut waiting);
        }
        let positions = mem::take(&mut waiting.positions);
        let closed = waiting.closed;
        drop(waiting);
        let mut groups: BTreeMap<String, Vec<(Place, i64)>> = BTreeMap::new();
        for (place, offset) in positions {
            let group = place.0.clone();
            groups.entry(group).or_default().push((place, offset));
        }
        let mut failed = None;
        for (group, positions) in groups {
            if let Err(error) = self.commit(&group, &positions) {
                self.keep(positions);
                failed = Some((group, error));
            }
        }
        match failed {
            Some((group, error)) => self.rest(&group, &error),
            None => self.failing = None,
        }
        !closed
    }

    fn commit(&mut self, group: &str, positions: &[(Place, i64)]) -> Result<(), KafkaError> {
        if !self.clients.contains_key(group) {
            let config = self.config.committing(group);
            let client = BaseConsumer::from_config_and_context(&config, Context::default())?;
            self.clients.insert(group.to_owned(), client);
        }
        let client = &self.clients[group];
        // Serves what there is to log.
        while client.poll(Duration::ZERO).is_some() {}
        let mut list = TopicPartitionList::new();
        for ((_, topic, partition), offset) in positions {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        // Of a failed commit that nobody waits for, librdkafka writes a line each time.
        client.commit(&list, CommitMode::Sync)
    }

    /// Puts back what could not be left, but for what there is news of.
    fn keep(&self, positions: Vec<(Place, i64)>) {
        let mut waiting = self.shared.waiting.lock();
        for (place, offset) in positions {
            waiting.positions.entry(place).or_insert(offset);
        }
    }

    fn rest(&mut self, group: &str, error: &KafkaError) {
        tracing::debug!(group, %error, "a position could not be left");
        let failing = self.failing.get_or_insert_with(|| Failing {
            since: Instant::now(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            said: false,
        });
        if failing.since.elapsed() > SAY_AFTER && !mem::replace(&mut failing.said, true) {
            tracing::warn!(
                group, %error,
                "positions cannot be left, so that the lag which Kafka's tools show is wrong; may this user read the group?"
            );
        }
        let until = Instant::now() + failing.backoff.next_pause();
        let mut waiting = self.shared.waiting.lock();
        while !waiting.closed {
            let waited = self.shared.changed.wait_until(&mut waiting, until);
            if waited.timed_out() {
                return;
            }
        }
    }
}
