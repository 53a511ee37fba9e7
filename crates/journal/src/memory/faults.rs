//! Fault injection for a memory journal: random by a seed, and on demand.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::records::Records;
use super::{Memory, Partition};
use crate::append::{AppendError, Entry};
use crate::clock::now_ms;
use crate::error::Error;
use crate::queue::Outcome;

/// Random faults of appends: independent probabilities from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chances {
    /// The record is not written, and the append fails as retryable.
    pub refused: f64,
    /// The record is written, and the append fails as possibly persisted.
    pub lost_acks: f64,
    /// The record is written twice; the first offset is reported.
    pub duplicates: f64,
    /// Up to three holes come before the record.
    pub holes: f64,
    /// A group of appends takes this long, in milliseconds.
    pub delay_ms: Range<u64>,
}

/// The fault injection of a memory journal; clones share it.
#[derive(Clone)]
pub struct Faults {
    memory: Memory,
}

/// The present faults.
pub(super) struct State {
    chances: Chances,
    reachable: bool,
    rng: SmallRng,
}

impl Default for State {
    fn default() -> State {
        State {
            chances: Chances::default(),
            reachable: true,
            rng: SmallRng::seed_from_u64(0),
        }
    }
}

impl Faults {
    pub(crate) fn of(memory: &Memory) -> Faults {
        Faults {
            memory: memory.clone(),
        }
    }

    /// Applies these chances to appends from now on, by `seed`.
    pub fn set_chances(&self, chances: Chances, seed: u64) {
        let mut state = self.memory.faults.lock();
        state.chances = chances;
        state.rng = SmallRng::seed_from_u64(seed);
    }

    /// Makes the journal unreachable, or reachable again; meanwhile nothing is written and everything fails as retryable.
    pub fn set_reachable(&self, reachable: bool) {
        self.memory.faults.lock().reachable = reachable;
        for topic in self.memory.topics.all() {
            for partition in &topic.partitions {
                partition.grown.notify_all();
            }
        }
    }

    /// Leaves the next `count` offsets as holes.
    pub fn skip(&self, topic: &str, partition: u32, count: u64) -> Result<(), Error> {
        self.change(topic, partition, |records| records.skip(count))
    }

    /// Deletes everything below `start`.
    pub fn cut_start(&self, topic: &str, partition: u32, start: u64) -> Result<(), Error> {
        self.change(topic, partition, |records| records.cut_start(start))
    }

    /// Deletes everything from `end` on; the next append gets offset `end`.
    pub fn truncate(&self, topic: &str, partition: u32, end: u64) -> Result<(), Error> {
        self.change(topic, partition, |records| records.truncate(end))
    }

    /// Replaces everything from `end` on by these values, atomically.
    pub fn replace_end(
        &self,
        topic: &str,
        partition: u32,
        end: u64,
        values: &[Bytes],
    ) -> Result<(), Error> {
        let now_ms = now_ms();
        self.change(topic, partition, |records| {
            records.truncate(end);
            for value in values {
                let entry = Entry {
                    value: value.clone(),
                    ..Entry::default()
                };
                let _ = records.append(&entry, now_ms);
            }
        })
    }

    /// Replaces the value of an existing record.
    pub fn rewrite(
        &self,
        topic: &str,
        partition: u32,
        offset: u64,
        value: Bytes,
    ) -> Result<(), Error> {
        self.change(topic, partition, |records| records.rewrite(offset, value))
    }

    fn change(
        &self,
        topic: &str,
        partition: u32,
        work: impl FnOnce(&mut Records),
    ) -> Result<(), Error> {
        // Also while the journal is unreachable, which is when partitions lose records.
        let partition = self.memory.topics.partition(topic, partition)?;
        work(&mut partition.records.lock());
        partition.grown.notify_all();
        Ok(())
    }
}

/// Fails while the journal is unreachable.
pub(super) fn reach(state: &Mutex<State>) -> Result<(), Error> {
    if state.lock().reachable {
        Ok(())
    } else {
        Err(Error::Unavailable("the memory journal is cut off".into()))
    }
}

/// Waits for the delay of a group.
pub(super) fn delay(state: &Mutex<State>) {
    let pause = {
        let State { chances, rng, .. } = &mut *state.lock();
        if chances.delay_ms.is_empty() {
            0
        } else {
            rng.random_range(chances.delay_ms.clone())
        }
    };
    if pause > 0 {
        std::thread::sleep(Duration::from_millis(pause));
    }
}

/// Appends an entry, subject to the chances.
pub(super) fn append(
    state: &Mutex<State>,
    partition: &Arc<Partition>,
    entry: &Entry,
    now_ms: u64,
) -> Outcome {
    // Lock order, as in a reader: records before faults.
    let mut records = partition.records.lock();
    let State {
        chances,
        rng,
        reachable,
    } = &mut *state.lock();
    let mut happens = |chance: f64| chance > 0.0 && rng.random_bool(chance.min(1.0));
    if !*reachable || happens(chances.refused) {
        return Err(AppendError::Retryable("injected failure".into()));
    }
    let (hole, twice, lost) = (
        happens(chances.holes),
        happens(chances.duplicates),
        happens(chances.lost_acks),
    );
    if hole {
        records.skip(rng.random_range(1..=3));
    }
    let outcome = records.append(entry, now_ms);
    if twice {
        let _ = records.append(entry, now_ms);
    }
    if lost {
        Err(AppendError::Unknown("injected loss of the answer".into()))
    } else {
        outcome
    }
}
