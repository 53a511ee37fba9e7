//! What a ledger counts.

use std::sync::LazyLock;

use kit::metrics::{Counter, Gauge, KeyValue, meter};

use crate::core::Publication;
use crate::store::write::Batch;

struct Instruments {
    height: Gauge<u64>,
    lag: Gauge<u64>,
    pending: Gauge<u64>,
    checked: Gauge<u64>,
    records: Counter<u64>,
    refused: Counter<u64>,
    findings: Counter<u64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let gauge = |name, description, unit| {
        meter()
            .u64_gauge(name)
            .with_description(description)
            .with_unit(unit)
            .build()
    };
    let counter = |name, description, unit| {
        meter()
            .u64_counter(name)
            .with_description(description)
            .with_unit(unit)
            .build()
    };
    Instruments {
        height: gauge(
            "ledger.height",
            "Height of the tip that readers see",
            "{block}",
        ),
        lag: gauge(
            "ledger.lag",
            "Candidates on the blockchain topic that are not in the index yet",
            "{record}",
        ),
        pending: gauge(
            "ledger.pending",
            "Offsets of a partition that no block has consumed",
            "{record}",
        ),
        checked: gauge(
            "ledger.audit.height",
            "Height up to which blocks have been compared with the topic",
            "{block}",
        ),
        records: counter(
            "ledger.records",
            "Records of blocks that came into the index, by outcome: included or rejected",
            "{record}",
        ),
        refused: counter(
            "ledger.candidates",
            "Candidates that did not become blocks, by the rule that they broke",
            "{record}",
        ),
        findings: counter(
            "ledger.audit.findings",
            "Runs of offsets on which a block and the topic disagree, by kind",
            "{finding}",
        ),
    }
});

/// What readers see from now on.
pub(crate) fn published(publication: &Publication) {
    let instruments = &*INSTRUMENTS;
    let totals = &publication.totals;
    instruments.height.record(publication.tip.height, &[]);
    instruments
        .lag
        .record(totals.end_offset.saturating_sub(totals.applied_offset), &[]);
    if let Some(height) = publication.audit.checked_height {
        instruments.checked.record(height, &[]);
    }
    for (partition, line) in (0_i64..).zip(&publication.lines) {
        instruments.pending.record(
            line.end - line.cursor,
            &[KeyValue::new("partition", partition)],
        );
    }
}

/// What is being written.
pub(crate) fn writing(batch: &Batch) {
    let instruments = &*INSTRUMENTS;
    let verdicts = batch
        .blocks
        .iter()
        .flat_map(|applied| applied.accepted.block.verdicts());
    let (included, rejected): (Vec<&chain::Verdict>, Vec<&chain::Verdict>) =
        verdicts.partition(|verdict| **verdict == chain::Verdict::Included);
    for (outcome, count) in [("included", included.len()), ("rejected", rejected.len())] {
        instruments
            .records
            .add(count as u64, &[KeyValue::new("outcome", outcome)]);
    }
    for refused in &batch.refused {
        instruments
            .refused
            .add(1, &[KeyValue::new("rule", refused.refusal.code())]);
    }
    for finding in batch.audited.iter().flat_map(|audited| &audited.findings) {
        instruments
            .findings
            .add(1, &[KeyValue::new("kind", format!("{:?}", finding.fault))]);
    }
}
