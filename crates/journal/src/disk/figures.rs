//! What a disk journal counts, once somebody has given it a meter.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::topics::Topics;

/// Bounds for the time of a sync, in seconds: from a cache that lies to a disk that hangs.
const SYNC_SECONDS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 10.0,
];
/// Bounds for the records of a group.
const GROUP_RECORDS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0];

/// The instruments; nothing is counted before there are any.
#[derive(Default)]
pub(super) struct Figures(OnceLock<Instruments>);

struct Instruments {
    sync: Histogram<f64>,
    group: Histogram<u64>,
}

impl Figures {
    pub(super) fn observe(&self, meter: &Meter, topics: &Arc<Topics>) {
        let mut first = false;
        self.0.get_or_init(|| {
            first = true;
            Instruments::new(meter)
        });
        if first {
            observe_sizes(meter, topics);
        }
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

/// They say nothing any more when the journal has been closed.
fn observe_sizes(meter: &Meter, topics: &Arc<Topics>) {
    let it = Arc::downgrade(topics);
    meter
        .u64_observable_gauge("journal.disk.size")
        .with_description("Bytes of a topic's segments")
        .with_unit("By")
        .with_callback(move |gauge| {
            for (topic, _, bytes) in it.upgrade().map(|it| it.sizes()).unwrap_or_default() {
                gauge.observe(bytes, &[KeyValue::new("topic", topic)]);
            }
        })
        .build();
    let it = Arc::downgrade(topics);
    meter
        .u64_observable_gauge("journal.disk.segments")
        .with_description("Segment files of a topic")
        .with_unit("{segment}")
        .with_callback(move |gauge| {
            for (topic, segments, _) in it.upgrade().map(|it| it.sizes()).unwrap_or_default() {
                gauge.observe(segments, &[KeyValue::new("topic", topic)]);
            }
        })
        .build();
}
