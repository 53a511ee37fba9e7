//! Metrics of the miner.

use std::sync::LazyLock;

use journal::{AppendError, Appended};
use kit::metrics::{Counter, Gauge, Histogram, KeyValue, SECONDS, meter};

use crate::core::{Core, Sealed, Status};

struct Instruments {
    blocks: Counter<u64>,
    hash_rate: Gauge<f64>,
    tries: Counter<u64>,
    sealing: Histogram<f64>,
    appends: Counter<u64>,
    tip: Gauge<u64>,
    lag: Gauge<u64>,
    pending: Gauge<u64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| Instruments {
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
        .with_description("Records of an own partition that were read and are not in a block yet")
        .with_unit("{record}")
        .build(),
});

/// Creates the series that are zero until something happens.
pub(crate) fn start() {
    for outcome in ["won", "stale"] {
        INSTRUMENTS
            .blocks
            .add(0, &[KeyValue::new("outcome", outcome)]);
    }
    for outcome in ["ok", "failed"] {
        INSTRUMENTS
            .appends
            .add(0, &[KeyValue::new("outcome", outcome)]);
    }
    INSTRUMENTS.tries.add(0, &[]);
    INSTRUMENTS.hash_rate.record(0.0, &[]);
}

/// Counts a sealing.
pub(crate) fn sealed(sealed: &Sealed) {
    let outcome = if sealed.block.is_some() {
        "sealed"
    } else {
        "cancelled"
    };
    let seconds = sealed.elapsed_us as f64 / 1e6;
    INSTRUMENTS.tries.add(sealed.tries, &[]);
    INSTRUMENTS
        .sealing
        .record(seconds, &[KeyValue::new("outcome", outcome)]);
}

/// Counts an append.
pub(crate) fn appended(result: &Result<Appended, AppendError>) {
    let outcome = if result.is_ok() { "ok" } else { "failed" };
    INSTRUMENTS
        .appends
        .add(1, &[KeyValue::new("outcome", outcome)]);
}

/// Records the position of the core.
pub(crate) fn standing(core: &Core) {
    INSTRUMENTS.lag.record(core.follower().lag().records(), &[]);
    if let Some(chain) = core.follower().chain() {
        INSTRUMENTS.tip.record(chain.tip().height(), &[]);
    }
    for (partition, records) in core.pending() {
        let label = KeyValue::new("partition", i64::from(partition));
        INSTRUMENTS.pending.record(records as u64, &[label]);
    }
}

/// Counts the changes from one status to the next.
pub(crate) fn count(before: &Status, now: &Status) {
    let outcomes = [
        ("won", before.blocks_won, now.blocks_won),
        ("stale", before.blocks_stale, now.blocks_stale),
    ];
    for (outcome, before, now) in outcomes.into_iter().filter(|(_, b, n)| n > b) {
        let label = KeyValue::new("outcome", outcome);
        INSTRUMENTS.blocks.add(now - before, &[label]);
    }
    if before.rate != now.rate
        && let Some(rate) = now.hash_rate()
    {
        INSTRUMENTS.hash_rate.record(rate, &[]);
    }
}
