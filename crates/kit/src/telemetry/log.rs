//! Log lines on stderr: their format, and changes of their filter at run time.

mod line;
mod repeats;

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use opentelemetry::trace::TraceContextExt as _;
use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{DynFilterFn, FilterExt as _, Targets};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, reload};

use self::line::{Ids, Line, Style};
use self::repeats::Repeats;
use super::filter::parse;
use crate::config::Process;

/// Interval between reports of repeated lines.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

type Reload = Box<dyn Fn(Targets) -> Result<(), String> + Send + Sync>;

struct Control {
    filter: Mutex<String>,
    reload: Reload,
}

/// The log output of the process.
static CONTROL: OnceLock<Control> = OnceLock::new();
static STYLE: OnceLock<Style> = OnceLock::new();
static REPEATS: Mutex<Option<Repeats>> = Mutex::new(None);

/// The layer that writes to stderr.
pub(super) fn layer<S>(
    service: &'static str,
    settings: &Process,
    color: bool,
) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let style = Style {
        format: settings.log_format,
        color,
        service,
    };
    let filter =
        parse(&settings.log).unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let (filter, handle) = reload::Layer::new(filter);
    let reload = move |filter| handle.reload(filter).map_err(|error| error.to_string());
    let control = Control {
        filter: Mutex::new(settings.log.clone()),
        reload: Box::new(reload),
    };
    // Only the first subscriber of a process is installed, so the first control stays.
    let _ = (CONTROL.set(control), STYLE.set(style));
    // Work-around: a per-layer filter caches its verdict per thread, and a `log_enabled!` that is refused leaves a stale
    // one for the next line. librdkafka's clients start with such a call. This filter forces re-evaluation.
    let ask = DynFilterFn::new(|_, _| true).with_max_level_hint(LevelFilter::TRACE);
    tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .event_format(Format(style))
        .with_filter(filter.and(ask))
}

/// The present filter.
pub(super) fn filter() -> String {
    CONTROL
        .get()
        .map_or_else(|| "off".to_owned(), |control| control.filter.lock().clone())
}

/// Replaces the filter.
pub(super) fn set_filter(text: &str) -> Result<(), String> {
    let filter = parse(text)?;
    let control = CONTROL.get().ok_or("this process has no log output")?;
    (control.reload)(filter)?;
    let before = std::mem::replace(&mut *control.filter.lock(), text.to_owned());
    tracing::info!("log filter changed from {before} to {text}");
    Ok(())
}

/// Periodically writes the counts of lines that were held back, until it is dropped.
pub(super) async fn report_repeats() {
    loop {
        tokio::time::sleep(REPORT_INTERVAL).await;
        let held = REPEATS
            .lock()
            .get_or_insert_default()
            .expired(Instant::now());
        write_repeats(held);
    }
}

/// Writes the counts of all lines that are held back.
pub(super) fn flush_repeats() {
    let held = REPEATS.lock().get_or_insert_default().drain();
    write_repeats(held);
}

fn write_repeats(held: Vec<(Line, u64)>) {
    let Some(style) = STYLE.get() else { return };
    for (line, count) in held {
        eprintln!("{}", line.render(*style, None, Some(count)));
    }
}

/// Formats lines by a [`Style`], and holds back repetitions.
struct Format(Style);

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = Line::of(event);
        let mut write = true;
        if line.level() <= Level::WARN {
            write = REPEATS
                .lock()
                .get_or_insert_default()
                .admit(&line, Instant::now());
        }
        match write {
            true => writeln!(writer, "{}", line.render(self.0, ids(), None)),
            false => Ok(()),
        }
    }
}

fn ids() -> Option<Ids> {
    opentelemetry::Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| Ids {
            trace: context.trace_id().to_string(),
            span: context.span_id().to_string(),
        })
    })
}
