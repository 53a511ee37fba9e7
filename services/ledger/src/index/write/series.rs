//! Counts and sums over time, in buckets of several resolutions, so that no query scans the chain.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chain::{Accepted, work};
use fjall::OwnedWriteBatch;

use crate::index::rows;
use crate::index::schema::{self, Keyspaces};
use crate::index::{Error, RESOLUTIONS_MS};
use crate::model::Audited;
use crate::model::answer::Bucket;

/// Buckets kept in memory at most.
const CACHED: usize = 4096;

/// Buckets that were read or changed, by resolution and start.
#[derive(Default)]
pub(super) struct Cache {
    buckets: BTreeMap<(u8, u64), (Bucket, bool)>,
}

impl Cache {
    /// Counts an accepted block.
    pub fn block(&mut self, accepted: &Accepted, keyspaces: &Keyspaces) -> Result<(), Error> {
        let tally = accepted.tally();
        // Block 0 takes no work.
        let work = if accepted.height() == 0 {
            0.0
        } else {
            work::expected_tries(accepted.block.header().bits) as f64
        };
        self.change(accepted.append_ms, keyspaces, |bucket| {
            bucket.blocks += 1;
            bucket.included += u64::from(tally.included);
            bucket.rejected += u64::from(tally.rejected);
            bucket.bytes += accepted.block.size() as u64;
            bucket.work += work;
        })
    }

    /// Counts a candidate that lost a race.
    pub fn stale(&mut self, append_ms: u64, keyspaces: &Keyspaces) -> Result<(), Error> {
        self.change(append_ms, keyspaces, |bucket| bucket.stale += 1)
    }

    /// Adds the latencies of a block's records, known once the topic has been read.
    pub fn latencies(&mut self, audited: &Audited, keyspaces: &Keyspaces) -> Result<(), Error> {
        let ages = audited
            .append_ms
            .iter()
            .flatten()
            .map(|append_ms| audited.block_ms.saturating_sub(*append_ms));
        let (count, sum, max) = ages.fold((0, 0_u64, 0), |(count, sum, max), age| {
            (count + 1, sum.saturating_add(age), age.max(max))
        });
        if count == 0 {
            return Ok(());
        }
        self.change(audited.block_ms, keyspaces, |bucket| {
            bucket.latencies += count;
            bucket.latency_sum_ms = bucket.latency_sum_ms.saturating_add(sum);
            bucket.latency_max_ms = bucket.latency_max_ms.max(max);
        })
    }

    /// Writes the buckets that changed.
    pub fn flush(&mut self, keyspaces: &Keyspaces, out: &mut OwnedWriteBatch) {
        for ((resolution, start), (bucket, changed)) in
            self.buckets.iter_mut().filter(|(_, (_, changed))| *changed)
        {
            *changed = false;
            out.insert(
                &keyspaces.series,
                schema::bucket(*resolution, *start),
                rows::encode(bucket),
            );
        }
        if self.buckets.len() > CACHED {
            self.buckets.clear();
        }
    }

    fn change(
        &mut self,
        at_ms: u64,
        keyspaces: &Keyspaces,
        change: impl Fn(&mut Bucket),
    ) -> Result<(), Error> {
        for (resolution, length_ms) in (0..).zip(RESOLUTIONS_MS) {
            let start = at_ms - at_ms % length_ms;
            let (bucket, changed) = match self.buckets.entry((resolution, start)) {
                Entry::Occupied(kept) => kept.into_mut(),
                Entry::Vacant(missing) => {
                    let row = match keyspaces.series.get(schema::bucket(resolution, start))? {
                        Some(row) => rows::decode(&row)?,
                        None => Bucket::default(),
                    };
                    missing.insert((row, false))
                }
            };
            change(bucket);
            *changed = true;
        }
        Ok(())
    }
}
