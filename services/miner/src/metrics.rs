//! What a miner counts.

use std::sync::LazyLock;

use kit::metrics::{Counter, Gauge, KeyValue, meter};

use crate::core::Status;

struct Instruments {
    blocks: Counter<u64>,
    hash_rate: Gauge<f64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| Instruments {
    blocks: meter()
        .u64_counter("miner.blocks")
        .with_description("Blocks of this miner that were read back, by outcome: won or stale")
        .with_unit("{block}")
        .build(),
    hash_rate: meter()
        .f64_gauge("miner.hash_rate")
        .with_description("Tries a second over the last sealing")
        .with_unit("{try}/s")
        .build(),
});

/// Counts what has changed from one status to the next.
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
