//! Counts and sums over time, from the buckets of the coarsest resolution that is fine enough.

use super::View;
use crate::index::{Error, RESOLUTIONS_MS, rows, schema};
use crate::model::answer::Bucket;

impl View {
    /// The time from `from_ms` to `to_ms` in at most `buckets` intervals of equal length. They begin and end on whole
    /// multiples of a resolution (a second, minute, hour or day), so that sums are exact; the first may begin earlier.
    pub fn series(&self, from_ms: u64, to_ms: u64, buckets: usize) -> Result<Vec<Bucket>, Error> {
        if to_ms <= from_ms || buckets == 0 {
            return Ok(Vec::new());
        }
        let plan = Plan::new(from_ms, to_ms, buckets as u64);
        let mut out: Vec<Bucket> = plan
            .starts()
            .map(|start_ms| Bucket {
                start_ms,
                ..Bucket::default()
            })
            .collect();
        let keys = schema::bucket(plan.resolution, plan.start_ms)
            ..schema::bucket(plan.resolution, plan.end_ms);
        for row in self.range(&self.snapshot.keyspaces.series, keys) {
            let (key, value) = row?;
            let start_ms = schema::read_number(&key[1..])?;
            let row: Bucket = rows::decode(&value)?;
            let place = ((start_ms - plan.start_ms) / plan.length_ms) as usize;
            add(&mut out[place], &row);
        }
        Ok(out)
    }
}

struct Plan {
    resolution: u8,
    start_ms: u64,
    end_ms: u64,
    length_ms: u64,
}

impl Plan {
    fn new(from_ms: u64, to_ms: u64, buckets: u64) -> Plan {
        let wanted = (to_ms - from_ms).div_ceil(buckets);
        let fine = RESOLUTIONS_MS
            .iter()
            .rposition(|length| *length <= wanted)
            .unwrap_or(0);
        let unit = RESOLUTIONS_MS[fine];
        let start_ms = from_ms - from_ms % unit;
        let length_ms = (to_ms - start_ms).div_ceil(buckets).next_multiple_of(unit);
        let end_ms = start_ms + (to_ms - start_ms).next_multiple_of(length_ms);
        Plan {
            resolution: fine as u8,
            start_ms,
            end_ms,
            length_ms,
        }
    }

    fn starts(&self) -> impl Iterator<Item = u64> {
        (self.start_ms..self.end_ms).step_by(self.length_ms as usize)
    }
}

fn add(sum: &mut Bucket, row: &Bucket) {
    sum.blocks += row.blocks;
    sum.included += row.included;
    sum.rejected += row.rejected;
    sum.stale += row.stale;
    sum.bytes += row.bytes;
    sum.work += row.work;
    sum.latency_sum_ms = sum.latency_sum_ms.saturating_add(row.latency_sum_ms);
    sum.latencies += row.latencies;
    sum.latency_max_ms = sum.latency_max_ms.max(row.latency_max_ms);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_what_is_asked_and_are_few_enough() {
        for (from, to, buckets) in [
            (0, 3_600_000, 60),
            (1_500, 61_777, 7),
            (123_456_789, 987_654_321, 1000),
            (5, 6, 10),
            (0, u64::MAX >> 12, 3),
        ] {
            let plan = Plan::new(from, to, buckets);
            let count = plan.starts().count() as u64;
            assert!(count <= buckets, "{count} of {buckets}");
            assert!(plan.start_ms <= from && plan.end_ms >= to);
            assert_eq!(
                (
                    plan.start_ms % RESOLUTIONS_MS[plan.resolution as usize],
                    plan.length_ms % RESOLUTIONS_MS[plan.resolution as usize]
                ),
                (0, 0)
            );
        }
        assert_eq!(Plan::new(0, 3_600_000, 60).length_ms, 60_000);
    }
}
