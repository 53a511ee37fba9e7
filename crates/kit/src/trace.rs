//! W3C trace context across process boundaries: gRPC metadata, HTTP headers, record headers.
//! Only `traceparent` and `tracestate` travel; baggage does not.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::{Ascii, MetadataKey, MetadataMap};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// False if `OTEL_PROPAGATORS` disables propagation.
static PROPAGATE: AtomicBool = AtomicBool::new(true);

pub(crate) fn set_propagation(on: bool) {
    PROPAGATE.store(on, Ordering::Relaxed);
}

/// The headers that carry a trace context.
pub const HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// A position in a trace; may be empty.
#[derive(Clone, Debug, Default)]
pub struct TraceContext {
    context: opentelemetry::Context,
}

impl TraceContext {
    /// The context of the present work: a span, or a call that is not recorded.
    pub fn current() -> Self {
        Self {
            context: opentelemetry::Context::current(),
        }
    }

    /// The context of a span.
    pub fn of(span: &Span) -> Self {
        Self {
            context: span.context(),
        }
    }

    /// From the metadata of a gRPC request.
    pub fn from_metadata(metadata: &MetadataMap) -> Self {
        Self::extract(|key| metadata.get(key)?.to_str().ok())
    }

    /// From the headers of an HTTP request.
    pub fn from_http(headers: &http::HeaderMap) -> Self {
        Self::extract(|key| headers.get(key)?.to_str().ok())
    }

    /// From the headers of a record; the first of each name counts.
    pub fn from_headers(headers: &[(String, Bytes)]) -> Self {
        Self::extract(|key| {
            let (_, value) = headers.iter().find(|(name, _)| name == key)?;
            std::str::from_utf8(value).ok()
        })
    }

    /// Starts a call below this context, with the span of `make` or with none if it is not recorded. Also returns the context that
    /// the call runs in.
    pub(crate) fn call(&self, name: &str, make: impl FnOnce() -> Span) -> (Span, TraceContext) {
        let mut made = Span::none();
        let context = crate::telemetry::head::call(&self.context, name, || {
            let span = make();
            self.set_parent_of(&span);
            let context = span.context();
            made = span;
            context
        });
        (made, TraceContext { context })
    }

    /// Makes this the current context until the guard is dropped.
    pub(crate) fn attach(&self) -> opentelemetry::ContextGuard {
        self.context.clone().attach()
    }

    /// True if the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.context.span().span_context().is_sampled()
    }

    /// Trace id as 32 hex digits; none outside of a trace.
    pub fn trace_id(&self) -> Option<String> {
        let span = self.context.span();
        let context = span.span_context();
        context.is_valid().then(|| context.trace_id().to_string())
    }

    /// Makes this the parent of a span that has not been entered yet.
    pub fn set_parent_of(&self, span: &Span) {
        // Fails only without the OpenTelemetry layer, when there are no traces to join.
        let _ = span.set_parent(self.context.clone());
    }

    /// Links a span of another trace to this one, for batches of records of many traces.
    pub fn link_to(&self, span: &Span) {
        span.add_link(self.context.span().span_context().clone());
    }

    /// Into the metadata of a gRPC request or response.
    pub fn inject_metadata(&self, metadata: &mut MetadataMap) {
        self.inject(|key, value| {
            if let (Ok(key), Ok(value)) = (key.parse::<MetadataKey<Ascii>>(), value.parse()) {
                metadata.insert(key, value);
            }
        });
    }

    /// Into the headers of an HTTP request.
    pub fn inject_http(&self, headers: &mut http::HeaderMap) {
        self.inject(|key, value| {
            if let (Ok(key), Ok(value)) = (key.parse::<http::HeaderName>(), value.parse()) {
                headers.insert(key, value);
            }
        });
    }

    /// Replaces the trace headers of a record. Adds them for recorded traces only: a header on every record would cost more than
    /// sampling saves.
    pub fn inject_headers(&self, headers: &mut Vec<(String, Bytes)>) {
        if !self.is_sampled() {
            return;
        }
        self.inject(|key, value| {
            headers.retain(|(name, _)| name != key);
            headers.push((key.to_owned(), Bytes::copy_from_slice(value.as_bytes())));
        });
    }

    fn extract<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        struct Carrier<'a>([Option<&'a str>; 2]);
        impl Extractor for Carrier<'_> {
            fn get(&self, key: &str) -> Option<&str> {
                self.0[HEADERS.iter().position(|header| *header == key)?]
            }
            fn keys(&self) -> Vec<&str> {
                HEADERS.to_vec()
            }
        }
        if !PROPAGATE.load(Ordering::Relaxed) {
            return Self::default();
        }
        let carrier = Carrier(HEADERS.map(get));
        Self {
            context: TraceContextPropagator::new()
                .extract_with_context(&opentelemetry::Context::new(), &carrier),
        }
    }

    fn inject(&self, set: impl FnMut(&str, &str)) {
        struct Setter<F>(F);
        impl<F: FnMut(&str, &str)> Injector for Setter<F> {
            fn set(&mut self, key: &str, value: String) {
                // The propagator also writes an empty `tracestate`.
                if !value.is_empty() {
                    (self.0)(key, &value);
                }
            }
        }
        if !PROPAGATE.load(Ordering::Relaxed) {
            return;
        }
        TraceContextPropagator::new().inject_context(&self.context, &mut Setter(set));
    }
}

/// Id of the current trace as 32 hex digits, if it is recorded.
pub fn current_trace_id() -> Option<String> {
    let context = TraceContext::current();
    context.is_sampled().then(|| context.trace_id()).flatten()
}
