//! Metrics of the miner.

use journal::{AppendError, Appended};
use kit::metrics::{Counter, Gauge, Histogram, KeyValue, SECONDS, meter};

use crate::core::{Core, Sealed, Status};

/// The figures of one miner.
#[derive(Debug)]
pub(crate) struct Metrics {
    blocks: Counter<u64>,
    hash_rate: Gauge<f64>,
    tries: Counter<u64>,
    sealing: Histogram<f64>,
    appends: Counter<u64>,
    tip: Gauge<u64>,
    lag: Gauge<u64>,
    pending: Gauge<u64>,
}

fn instruments() -> Metrics {
    Metrics {
        blocks: meter()
            .u64_counter("miner.blocks")
            .with_description("Blocks of this miner that were read back, by outcome: won or stale")
            .with_unit("{block}")
            .build(),
        hash_rate: meter()
            .f64_gauge("miner.hash_rate")
            .with_description("Tries per second of the last sealing")
            .with_unit("{try}/s")
            .build(),
        tries: meter()
            .u64_counter("miner.tries")
            .with_description("Nonces tried")
            .with_unit("{try}")
            .build(),
        sealing: meter()
            .f64_histogram("miner.seal.duration")
            .with_description(
                "Time to find the nonce of a block, or until it was no longer needed, by outcome",
            )
            .with_unit("s")
            .with_boundaries(SECONDS.to_vec())
            .build(),
        appends: meter()
            .u64_counter("miner.appends")
            .with_description("Blocks appended to the journal, by outcome: ok or failed")
            .with_unit("{block}")
            .build(),
        tip: meter()
            .u64_gauge("miner.tip.height")
            .with_description("Height of the tip as this miner sees it")
            .with_unit("{block}")
            .build(),
        lag: meter()
            .u64_gauge("miner.lag")
            .with_description("Records of `blockchain` that have not been applied")
            .with_unit("{record}")
            .build(),
        pending: meter()
            .u64_gauge("miner.pending")
            .with_description(
                "Records of an own partition that were read and are not in a block yet",
            )
            .with_unit("{record}")
            .build(),
    }
}

impl Metrics {
    /// Creates the series that are zero until something happens.
    pub(crate) fn start() -> Metrics {
        let metrics = instruments();
        for outcome in ["won", "stale"] {
            metrics.blocks.add(0, &[KeyValue::new("outcome", outcome)]);
        }
        for outcome in ["ok", "failed"] {
            metrics.appends.add(0, &[KeyValue::new("outcome", outcome)]);
        }
        metrics.tries.add(0, &[]);
        metrics.hash_rate.record(0.0, &[]);
        metrics
    }

    /// Counts a sealing.
    pub(crate) fn sealed(&self, sealed: &Sealed) {
        let outcome = if sealed.block.is_some() {
            "sealed"
        } else {
            "cancelled"
        };
        let seconds = sealed.elapsed_us as f64 / 1e6;
        self.tries.add(sealed.tries, &[]);
        self.sealing
            .record(seconds, &[KeyValue::new("outcome", outcome)]);
    }

    /// Counts an append.
    pub(crate) fn appended(&self, result: &Result<Appended, AppendError>) {
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        self.appends.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Records the position of the core.
    pub(crate) fn position(&self, core: &Core) {
        self.lag.record(core.follower().lag().records(), &[]);
        if let Some(chain) = core.follower().chain() {
            self.tip.record(chain.tip().height(), &[]);
        }
        for (partition, records) in core.pending() {
            let label = KeyValue::new("partition", i64::from(partition));
            self.pending.record(records as u64, &[label]);
        }
    }

    /// Counts the changes from one status to the next.
    pub(crate) fn count(&self, before: &Status, now: &Status) {
        let outcomes = [
            ("won", before.blocks_won, now.blocks_won),
            ("stale", before.blocks_stale, now.blocks_stale),
        ];
        for (outcome, before, now) in outcomes.into_iter().filter(|(_, b, n)| n > b) {
            let label = KeyValue::new("outcome", outcome);
            self.blocks.add(now - before, &[label]);
        }
        if before.rate != now.rate
            && let Some(rate) = now.hash_rate()
        {
            self.hash_rate.record(rate, &[]);
        }
    }
}
