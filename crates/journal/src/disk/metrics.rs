//! The metrics of a disk journal, once it has a meter.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter};

use super::partition::Partition;
use crate::local::Topics;
use crate::metrics::reading;

/// Bucket bounds for the time of a sync, in seconds: from a cache that ignores syncs to a disk that hangs.
const SYNC_SECONDS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 10.0,
];
/// Bucket bounds for the number of records of a group.
const GROUP_RECORDS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0];

/// The instruments, if a meter was given.
#[derive(Default)]
pub(super) struct Metrics(OnceLock<Instruments>);

struct Instruments {
    sync: Histogram<f64>,
    group: Histogram<u64>,
}

impl Metrics {
    pub(super) fn observe(&self, meter: &Meter, topics: &Arc<Topics<Partition>>) {
        self.0.get_or_init(|| {
            observe_sizes(meter, topics);
            Instruments::new(meter)
        });
    }

    pub(super) fn synced(&self, elapsed: Duration) {
        if let Some(instruments) = self.0.get() {
            instruments.sync.record(elapsed.as_secs_f64(), &[]);
        }
    }

    pub(super) fn group(&self, records: usize) {
        if let Some(instruments) = self.0.get() {
            instruments.group.record(records as u64, &[]);
        }
    }
}

impl Instruments {
    fn new(meter: &Meter) -> Instruments {
        Instruments {
            sync: meter
                .f64_histogram("journal.disk.sync.duration")
                .with_description(
                    "Time of one fdatasync of a segment, which every append waits for",
                )
                .with_unit("s")
                .with_boundaries(SYNC_SECONDS.to_vec())
                .build(),
            group: meter
                .u64_histogram("journal.disk.group")
                .with_description("Records that were written and synced together")
                .with_unit("{record}")
                .with_boundaries(GROUP_RECORDS.to_vec())
                .build(),
        }
    }
}

fn observe_sizes(meter: &Meter, topics: &Arc<Topics<Partition>>) {
    type Read = fn(&Partition) -> u64;
    let gauges: [(_, _, _, Read); 2] = [
        (
            "journal.disk.size",
            "By",
            "Bytes of a topic's segments",
            Partition::bytes,
        ),
        (
            "journal.disk.segments",
            "{segment}",
            "Segment files of a topic",
            Partition::segments,
        ),
    ];
    for (name, unit, text, read) in gauges {
        let sum = move |topics: &Topics<Partition>, gauge: &dyn AsyncInstrument<u64>| {
            for topic in topics.all() {
                let sum = topic.partitions.iter().map(|it| read(it)).sum();
                gauge.observe(sum, &[KeyValue::new("topic", topic.spec.name.clone())]);
            }
        };
        meter
            .u64_observable_gauge(name)
            .with_description(text)
            .with_unit(unit)
            .with_callback(reading(topics, sum))
            .build();
    }
}
