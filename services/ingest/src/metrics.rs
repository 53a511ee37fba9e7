//! Metrics of ingest.

use std::time::Instant;

use kit::metrics::{Counter, Histogram, KeyValue, SECONDS, UpDownCounter, meter};

use crate::core::Outcome;

/// The figures of one ingest, and the changes of one batch of the core.
pub(crate) struct Metrics {
    submissions: Counter<u64>,
    in_flight: UpDownCounter<i64>,
    durable: Histogram<f64>,
    accepted: u64,
    failed: u64,
    in_flight_before: i64,
}

impl Metrics {
    /// Creates the series that are zero until something happens.
    pub fn start() -> Metrics {
        let metrics = Metrics {
            submissions: meter()
                .u64_counter("ingest.submissions")
                .with_description("Submissions that were appended, by outcome")
                .with_unit("{submission}")
                .build(),
            in_flight: meter()
                .i64_up_down_counter("ingest.in_flight")
                .with_description("Submissions in flight to the journal")
                .with_unit("{submission}")
                .build(),
            durable: meter()
                .f64_histogram("ingest.append.duration")
                .with_description("Time from a checked submission to its durable record")
                .with_unit("s")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            accepted: 0,
            failed: 0,
            in_flight_before: 0,
        };
        for outcome in ["accepted", "failed"] {
            let label = KeyValue::new("outcome", outcome);
            metrics.submissions.add(0, &[label]);
        }
        metrics.in_flight.add(0, &[]);
        metrics
    }

    /// Counts an answer.
    pub fn answered(&mut self, outcome: &Outcome, since: Instant) {
        match outcome {
            Ok(_) => {
                self.accepted += 1;
                self.durable.record(since.elapsed().as_secs_f64(), &[]);
            }
            Err(_) => self.failed += 1,
        }
    }

    /// Adds the batch to the instruments: once, not once per record.
    pub fn record(&mut self, in_flight: usize) {
        let counts = [
            ("accepted", &mut self.accepted),
            ("failed", &mut self.failed),
        ];
        for (outcome, count) in counts.into_iter().filter(|(_, count)| **count > 0) {
            let label = KeyValue::new("outcome", outcome);
            self.submissions.add(std::mem::take(count), &[label]);
        }
        let in_flight = i64::try_from(in_flight).unwrap_or(i64::MAX);
        if in_flight != self.in_flight_before {
            let change = in_flight - self.in_flight_before;
            self.in_flight.add(change, &[]);
        }
        self.in_flight_before = in_flight;
    }
}
