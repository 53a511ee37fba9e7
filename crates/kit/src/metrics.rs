//! One meter for all metrics: each instrument is defined once, and exported both as Prometheus text on the admin port
//! and by OTLP.
//!
//! Names have dots, units are UCUM (`s`, `By`, `{block}`): a counter `ledger.blocks` is `ledger_blocks_total` in
//! Prometheus.

mod process;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::reader::MetricReader;

pub use opentelemetry::KeyValue;
pub use opentelemetry::metrics::{
    Counter, Gauge, Histogram, Meter, ObservableCounter, ObservableGauge, UpDownCounter,
};

/// Bucket bounds for durations in seconds, from an append to a page cache to a suspiciously long wait.
pub const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

struct Metrics {
    provider: SdkMeterProvider,
    registry: prometheus::Registry,
}

/// The metrics of the process.
static METRICS: OnceLock<Metrics> = OnceLock::new();

/// The meter that creates instruments. May be called at any time, from tests too.
pub fn meter() -> Meter {
    let metrics = METRICS.get_or_init(|| build(Resource::builder().build(), None::<NoReader>));
    metrics.provider.meter("kit")
}

/// All metrics of the process in the Prometheus text format.
pub fn prometheus_text() -> String {
    meter();
    let families = METRICS
        .get()
        .map(|metrics| metrics.registry.gather())
        .unwrap_or_default();
    let text = prometheus::TextEncoder::new().encode_to_string(&families);
    text.unwrap_or_else(|error| format!("# the metrics cannot be written: {error}\n"))
}

/// Sets up the metrics with an exporter. False if they were in use before.
pub(crate) fn start(resource: Resource, reader: Option<impl MetricReader>) -> bool {
    let wanted = reader.is_some();
    let mut made = false;
    METRICS.get_or_init(|| {
        made = true;
        build(resource, reader)
    });
    made || !wanted
}

/// Sends the last metrics and stops the exporter.
pub(crate) fn shutdown(limit: Duration) {
    if let Some(metrics) = METRICS.get() {
        // Failures to export have been reported by the exporter.
        let _ = metrics.provider.shutdown_with_timeout(limit);
    }
}

fn build(resource: Resource, reader: Option<impl MetricReader>) -> Metrics {
    let registry = prometheus::Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .expect("a new registry takes any collector");
    let builder = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(exporter);
    let provider = match reader {
        Some(reader) => builder.with_reader(reader).build(),
        None => builder.build(),
    };
    process::observe(&provider.meter("kit"));
    Metrics { provider, registry }
}

type NoReader = opentelemetry_sdk::metrics::ManualReader;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_appear_in_the_text() {
        let blocks = meter()
            .u64_counter("weather.storms")
            .with_unit("{storm}")
            .build();
        blocks.add(2, &[KeyValue::new("sky", "north")]);
        let text = prometheus_text();
        assert!(
            text.contains(r#"weather_storms_total{sky="north"} 2"#),
            "{text}"
        );
    }

    #[test]
    fn the_process_is_described() {
        let text = prometheus_text();
        for name in ["process_uptime_seconds", "build_info{", "target_info{"] {
            assert!(text.contains(name), "{name} in {text}");
        }
        #[cfg(target_os = "linux")]
        for name in [
            "process_memory_usage_bytes",
            "process_cpu_time_seconds_total",
            "process_open_file_descriptor_count",
        ] {
            assert!(text.contains(name), "{name} in {text}");
        }
    }
}
