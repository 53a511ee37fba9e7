//! Log output, traces and metrics of the process.
//!
//! Log lines go to stderr. Traces and metrics are exported by OTLP over gRPC if `OTEL_EXPORTER_OTLP_ENDPOINT` is set; metrics
//! are on the admin port in any case. Without an exporter, incoming trace contexts are still propagated.

mod config;
mod export;
pub(crate) mod filter;
pub(crate) mod head;
mod log;

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use crate::{metrics, trace};
use config::Otel;
use export::Collector;

/// Crates whose spans are noise: a handful of calls produces hundreds of them.
const NOT_EXPORTED: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "tonic",
    "tower",
    "axum",
    "tokio",
    "opentelemetry",
    "tokio_util",
];

/// Handle that flushes and stops the exporters.
#[derive(Debug)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    collectors: Collectors,
}

/// Sets up log output, the tracer and the meter; once per process, within a tokio runtime.
/// A failure is only logged as a warning: a service runs without its telemetry.
pub fn start(name: &'static str, settings: &crate::config::Process) -> Telemetry {
    let mut otel = Otel::from_env();
    let resource = resource(name, &otel);
    let mut problems = std::mem::take(&mut otel.problems);
    trace::set_propagation(otel.propagate);
    let collectors = Collectors::of(&otel);
    let exporter = collectors.traces.as_ref().map(Collector::spans);
    let exporter = usable(exporter, &mut problems);
    let tracer = (!otel.disabled).then(|| tracer(exporter, resource.clone()));
    let traces = tracer.as_ref().map(|provider| {
        let filter = FilterFn::new(is_exported).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(name))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter)
    });
    let log = log::layer(name, settings, otel.color);
    if Registry::default()
        .with(traces)
        .with(log)
        .try_init()
        .is_err()
    {
        problems.push("log output was set up before; --log and --log-format have no effect".into());
    }
    std::panic::set_hook(Box::new(log_panic));
    let exporter = collectors.metrics.as_ref().map(Collector::metrics);
    let reader =
        usable(exporter, &mut problems).map(|exporter| PeriodicReader::builder(exporter).build());
    if !metrics::start(resource, reader) {
        problems.push("metrics were used before telemetry was set up: no OTLP metrics".into());
    }
    problems
        .iter()
        .for_each(|problem| tracing::warn!("telemetry: {problem}"));
    tokio::spawn(log::report_repeats());
    Telemetry { tracer, collectors }
}

impl Telemetry {
    /// Sends queued telemetry, for at most `limit`.
    pub async fn flush(self, limit: Duration) {
        let tracer = self.tracer;
        // The exporters block their thread while they flush, and need the runtime meanwhile.
        let flushed = tokio::task::spawn_blocking(move || {
            if let Some(tracer) = tracer {
                // Failures to export have been reported by the exporters.
                let _ = tracer.shutdown_with_timeout(limit);
            }
            metrics::shutdown(limit);
        });
        // An unreachable collector has been reported already.
        if tokio::time::timeout(limit, flushed).await.is_err() && !self.collectors.are_unreachable()
        {
            tracing::warn!("telemetry: the last traces and metrics could not be sent in time");
        }
        log::flush_repeats();
    }
}

/// The present filter of log lines.
pub fn log_filter() -> String {
    log::filter()
}

/// Replaces the filter of log lines in the running process: a level, or `MODULE=LEVEL` pairs.
pub fn set_log_filter(filter: &str) -> Result<(), String> {
    log::set_filter(filter)
}

/// Logs a panic with its location and, if `RUST_BACKTRACE` is set, its backtrace.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let text = crate::tasks::panic_text(panic.payload());
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    match backtrace.status() {
        std::backtrace::BacktraceStatus::Captured => {
            tracing::error!(place, %backtrace, "panic: {text}");
        }
        _ => tracing::error!(place, "panic: {text}"),
    }
}

fn resource(name: &'static str, otel: &Otel) -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = Resource::builder();
    match otel.named {
        true => builder.with_attribute(version).build(),
        false => builder
            .with_attribute(version)
            .with_service_name(name)
            .build(),
    }
}

fn tracer(
    exporter: Option<export::Watched<opentelemetry_otlp::SpanExporter>>,
    resource: Resource,
) -> SdkTracerProvider {
    let sampler = match exporter {
        Some(_) => opentelemetry_sdk::trace::Config::default().sampler,
        // Continues incoming traces, so that log lines and records carry them, and starts none.
        None => Box::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))),
    };
    head::start(sampler.clone());
    let builder = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_id_generator(head::Ids::default())
        .with_sampler(sampler)
        .with_max_links_per_span(crate::messaging::MAX_LINKS as u32);
    match exporter {
        Some(exporter) => builder.with_batch_exporter(exporter).build(),
        None => builder.build(),
    }
}

/// The collector of each signal; signals with the same endpoint share one.
#[derive(Debug)]
struct Collectors {
    traces: Option<Collector>,
    metrics: Option<Collector>,
}

impl Collectors {
    fn of(otel: &Otel) -> Collectors {
        let traces = otel.traces.as_deref().map(Collector::at);
        let metrics = match otel.traces == otel.metrics {
            true => traces.clone(),
            false => otel.metrics.as_deref().map(Collector::at),
        };
        Collectors { traces, metrics }
    }

    /// True if one of them has been reported unreachable.
    fn are_unreachable(&self) -> bool {
        let mut all = self.traces.iter().chain(&self.metrics);
        all.any(Collector::is_unreachable)
    }
}

/// The exporter, if one is configured and can be created.
fn usable<E>(exporter: Option<Result<E, String>>, problems: &mut Vec<String>) -> Option<E> {
    exporter?
        .inspect_err(|problem| problems.push(problem.clone()))
        .ok()
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let root = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= tracing::Level::INFO && !NOT_EXPORTED.contains(&root)
}
