//! Metrics of the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kit::metrics::{Counter, Gauge, Histogram, KeyValue, SECONDS, meter};
use parking_lot::Mutex;

use crate::model::{Batch, Publication};

/// The instruments of one ledger. Clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    instruments: Arc<Instruments>,
    /// Append time of the oldest pending record of each partition: the age is computed when it is read.
    oldest_ms: Oldest,
}

type Oldest = Arc<Mutex<Vec<Option<u64>>>>;

struct Instruments {
    height: Gauge<u64>,
    lag: Gauge<u64>,
    pending: Gauge<u64>,
    checked: Gauge<u64>,
    records: Counter<u64>,
    refused: Counter<u64>,
    findings: Counter<u64>,
    found: Gauge<u64>,
    blocks: Counter<u64>,
    apply: Histogram<f64>,
}

fn instruments() -> Instruments {
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
            "Records of blocks added to the index, by verdict",
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
        found: gauge(
            "ledger.audit.found",
            "Findings of the audit in the whole chain",
            "{finding}",
        ),
        blocks: counter("ledger.blocks", "Blocks added to the index", "{block}"),
        apply: meter()
            .f64_histogram("ledger.apply.duration")
            .with_description("Time of one write to the index: blocks, refused candidates and what the audit learned")
            .with_unit("s")
            .with_boundaries(SECONDS.to_vec())
            .build(),
    }
}

impl Metrics {
    /// Creates the series that are zero until something happens.
    pub fn start() -> Metrics {
        let instruments = instruments();
        let included = chain::Verdict::Included.code();
        instruments
            .records
            .add(0, &[KeyValue::new("verdict", included)]);
        let stale = chain::block::Rule::Stale.code();
        instruments.refused.add(0, &[KeyValue::new("rule", stale)]);
        instruments.blocks.add(0, &[]);
        instruments.found.record(0, &[]);
        let oldest_ms = Oldest::default();
        observe_age(oldest_ms.clone());
        Metrics {
            instruments: Arc::new(instruments),
            oldest_ms,
        }
    }

    /// Counts a batch that was written.
    pub fn written(&self, elapsed: Duration, batch: &Batch) {
        self.instruments.apply.record(elapsed.as_secs_f64(), &[]);
        self.instruments
            .blocks
            .add(batch.blocks().len() as u64, &[]);
    }

    /// Records what readers see from now on.
    pub fn published(&self, publication: &Publication) {
        let instruments = &*self.instruments;
        let totals = &publication.totals;
        instruments.height.record(publication.tip.height(), &[]);
        instruments
            .lag
            .record(totals.end_offset.saturating_sub(totals.applied_offset), &[]);
        if let Some(height) = publication.audit.checked_height {
            instruments.checked.record(height, &[]);
        }
        instruments.found.record(publication.audit.findings, &[]);
        let oldest = publication.pending.iter().map(|pending| {
            let first = pending.from(pending.cursor).next();
            first.map(|(record, _)| record.append_ms)
        });
        *self.oldest_ms.lock() = oldest.collect();
        for (partition, pending) in (0_i64..).zip(&publication.pending) {
            instruments.pending.record(
                pending.end.saturating_sub(pending.cursor),
                &[KeyValue::new("partition", partition)],
            );
        }
    }

    /// Records the batch that is being written.
    pub fn writing(&self, batch: &Batch) {
        let instruments = &*self.instruments;
        let mut verdicts = BTreeMap::new();
        for applied in batch.blocks() {
            for verdict in applied.accepted.block.verdicts() {
                *verdicts.entry(verdict.code()).or_insert(0) += 1;
            }
        }
        for (code, count) in verdicts {
            let verdict = KeyValue::new("verdict", code);
            instruments.records.add(count, &[verdict]);
        }
        for refused in &batch.refused {
            instruments
                .refused
                .add(1, &[KeyValue::new("rule", refused.refusal.code())]);
        }
        let audited = batch.audited.iter().flat_map(|audited| &audited.findings);
        for finding in audited.chain(&batch.lost) {
            instruments
                .findings
                .add(1, &[KeyValue::new("kind", format!("{:?}", finding.fault))]);
        }
    }
}

fn observe_age(oldest_ms: Oldest) {
    meter()
        .f64_observable_gauge("ledger.pending.oldest.age")
        .with_description(
            "Age of the oldest record of a partition that no block has consumed; 0: there is none",
        )
        .with_unit("s")
        .with_callback(move |gauge| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now_ms = since.unwrap_or_default().as_millis() as u64;
            for (partition, oldest) in (0_i64..).zip(oldest_ms.lock().iter()) {
                let age_ms = oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest));
                gauge.observe(
                    age_ms as f64 / 1e3,
                    &[KeyValue::new("partition", partition)],
                );
            }
        })
        .build();
}
