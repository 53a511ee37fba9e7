//! One meter for everything that is counted: each instrument is defined once, and exported both as Prometheus text
//! on the admin port and by OTLP.

pub use opentelemetry::KeyValue;
pub use opentelemetry::metrics::{
    Counter, Gauge, Histogram, Meter, ObservableGauge, UpDownCounter,
};

/// Where instruments are made. May be called before telemetry is set up, from tests too.
pub fn meter() -> Meter {
    todo!()
}

/// All metrics of the process in the Prometheus text format.
pub fn prometheus_text() -> String {
    todo!()
}
