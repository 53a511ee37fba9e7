//! OTLP exporters that report once when the collector goes away, and once when it is back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::SpanData;
use parking_lot::Mutex;

/// A collector, shared by all signals that are exported to it.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    endpoint: String,
    outages: Arc<Mutex<Outages>>,
}

/// An exporter that logs one line per outage, not one per batch and signal.
#[derive(Debug)]
pub(super) struct Watched<E> {
    inner: E,
    signal: &'static str,
    collector: Collector,
}

/// The present outages, by signal.
#[derive(Debug, Default)]
struct Outages(BTreeMap<&'static str, Outage>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Outage {
    error: String,
    since: Instant,
    /// Number of failed exports.
    failed: u64,
    /// True if another signal with the same failure was already logged.
    held_back: bool,
}

/// A change to log.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Down,
    Back { failed: u64, since: Instant },
}

impl Collector {
    pub fn at(endpoint: &str) -> Collector {
        Collector {
            endpoint: endpoint.to_owned(),
            outages: Arc::default(),
        }
    }

    /// An exporter of spans.
    pub fn spans(&self) -> Result<Watched<SpanExporter>, String> {
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&self.endpoint)
            .build();
        self.watch("traces", exporter)
    }

    /// An exporter of metrics.
    pub fn metrics(&self) -> Result<Watched<MetricExporter>, String> {
        let exporter = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(&self.endpoint)
            .build();
        self.watch("metrics", exporter)
    }

    /// True from the line about an outage to the one about its end.
    pub fn is_unreachable(&self) -> bool {
        !self.outages.lock().0.is_empty()
    }

    fn watch<E>(
        &self,
        signal: &'static str,
        exporter: Result<E, ExporterBuildError>,
    ) -> Result<Watched<E>, String> {
        let endpoint = &self.endpoint;
        let inner = exporter
            .map_err(|error| format!("{signal} cannot be exported to {endpoint}: {error}"))?;
        Ok(Watched {
            inner,
            signal,
            collector: self.clone(),
        })
    }

    fn report(&self, signal: &'static str, result: &OTelSdkResult) {
        let endpoint = &self.endpoint;
        let error = result.as_ref().err().map(reason);
        let news = self
            .outages
            .lock()
            .note(signal, error.as_deref(), Instant::now());
        match news {
            Some(News::Down) => tracing::warn!(
                "telemetry ({signal}) cannot be exported to {endpoint}, and is dropped until it answers: {}",
                error.unwrap_or_default()
            ),
            Some(News::Back { failed, since }) => tracing::info!(
                "telemetry is exported to {endpoint} again; {failed} exports failed in {:.0?}",
                since.elapsed()
            ),
            None => {}
        }
    }
}

/// The cause of a failed export, in words that do not depend on the signal.
fn reason(error: &OTelSdkError) -> String {
    let text = error.to_string();
    match text.split_once("gRPC code: ") {
        Some((_, reason)) => reason.to_owned(),
        None => text,
    }
}

impl Outages {
    /// Records that an export of a signal succeeded or failed.
    fn note(&mut self, signal: &'static str, error: Option<&str>, now: Instant) -> Option<News> {
        match (error, self.0.get_mut(signal)) {
            (Some(_), Some(outage)) => {
                outage.failed += 1;
                None
            }
            (Some(error), None) => {
                let held_back = self.0.values().any(|other| other.error == error);
                let outage = Outage {
                    error: error.to_owned(),
                    since: now,
                    failed: 1,
                    held_back,
                };
                self.0.insert(signal, outage);
                (!held_back).then_some(News::Down)
            }
            (None, _) => {
                let over = self.0.remove(signal)?;
                // Outages that were logged together end together, with the last of them.
                if let Some(other) = self.0.values_mut().find(|it| it.error == over.error) {
                    other.failed += over.failed;
                    other.since = other.since.min(over.since);
                    other.held_back &= over.held_back;
                    return None;
                }
                (!over.held_back).then_some(News::Back {
                    failed: over.failed,
                    since: over.since,
                })
            }
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Watched<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        self.collector.report(self.signal, &result);
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
        self.collector.report(self.signal, &result);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_one_line_and_its_end_another() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        let away = Some("away");
        assert_eq!(outages.note("traces", None, now), None);
        assert_eq!(outages.note("traces", away, now), Some(News::Down));
        assert_eq!(outages.note("traces", Some("still away"), now), None);
        assert_eq!(outages.note("metrics", away, now), None);
        assert_eq!(outages.note("traces", None, now), None);
        let back = News::Back {
            failed: 3,
            since: now,
        };
        assert_eq!(outages.note("metrics", None, now), Some(back));
        assert_eq!(outages.note("metrics", None, now), None);
    }

    #[test]
    fn signals_that_fail_for_reasons_of_their_own_are_both_told() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        let told = outages.note("metrics", Some("no such service"), now);
        assert_eq!(told, Some(News::Down));
        assert_eq!(outages.note("traces", Some("away"), now), Some(News::Down));
        let back = News::Back {
            failed: 1,
            since: now,
        };
        assert_eq!(outages.note("traces", None, now), Some(back));
    }
}
