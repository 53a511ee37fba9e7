//! OTLP exporters that report once when the collector goes away, and once when it is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::SpanData;

/// An exporter whose failures are worth one line, not one per batch.
#[derive(Debug)]
pub(super) struct Watched<E> {
    inner: E,
    signal: &'static str,
    endpoint: String,
    down: AtomicBool,
}

/// Exports spans to `endpoint`.
pub(super) fn spans(endpoint: &str) -> Result<Watched<SpanExporter>, String> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build();
    Watched::new("traces", endpoint, exporter)
}

/// Exports metrics to `endpoint`.
pub(super) fn metrics(endpoint: &str) -> Result<Watched<MetricExporter>, String> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build();
    Watched::new("metrics", endpoint, exporter)
}

impl<E> Watched<E> {
    fn new(
        signal: &'static str,
        endpoint: &str,
        exporter: Result<E, opentelemetry_otlp::ExporterBuildError>,
    ) -> Result<Self, String> {
        let inner =
            exporter.map_err(|error| format!("no {signal} can go to {endpoint}: {error}"))?;
        Ok(Self {
            inner,
            signal,
            endpoint: endpoint.to_owned(),
            down: AtomicBool::new(false),
        })
    }

    fn report(&self, result: &OTelSdkResult) {
        let Self {
            signal, endpoint, ..
        } = self;
        let was_down = self.down.swap(result.is_err(), Ordering::Relaxed);
        match result {
            Err(error) if !was_down => tracing::warn!(
                "{signal} cannot be exported to {endpoint} and are dropped until it answers: {error}"
            ),
            Ok(()) if was_down => tracing::info!("{signal} are exported to {endpoint} again"),
            _ => {}
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Watched<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        self.report(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl PushMetricExporter for Watched<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.inner.export(metrics).await;
        self.report(&result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
