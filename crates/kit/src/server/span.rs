//! The span and the metrics of one call. Names follow the OpenTelemetry conventions for RPC.

use std::sync::Arc;
use std::time::Instant;

use tonic::Code;
use tracing::Span;
use tracing::field::Empty;

use super::methods::Method;
use crate::TraceContext;
use crate::metrics::{self, Histogram, KeyValue, UpDownCounter};

/// The metrics of a server: rate, errors and duration in one histogram, and the calls in progress.
#[derive(Debug)]
pub(super) struct Instruments {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

impl Instruments {
    pub fn new() -> Arc<Self> {
        let meter = metrics::meter();
        let duration = meter
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Calls by method and status: for streams, until their end")
            .with_boundaries(metrics::SECONDS.to_vec())
            .build();
        let active = meter
            .i64_up_down_counter("rpc.server.active_calls")
            .with_unit("{call}")
            .with_description("Calls in progress")
            .build();
        Arc::new(Self { duration, active })
    }
}

/// A call in progress; ends with a code, or as CANCELLED when dropped.
#[derive(Debug)]
pub(super) struct CallSpan {
    /// Disabled if the call is not recorded.
    pub span: Span,
    /// The context that the call runs in.
    pub context: TraceContext,
    metrics: Arc<Instruments>,
    method: [KeyValue; 2],
    start: Instant,
    ended: bool,
}

impl CallSpan {
    pub fn start(metrics: &Arc<Instruments>, method: &Method, headers: &http::HeaderMap) -> Self {
        let (span, context) = TraceContext::from_http(headers).call(&method.name, || {
            tracing::info_span!(
                "rpc",
                otel.name = format!("{}/{}", method.service, method.name),
                otel.kind = "server",
                otel.status_code = Empty,
                otel.status_description = Empty,
                rpc.system = "grpc",
                rpc.service = method.service,
                rpc.method = method.name,
                rpc.grpc.status_code = Empty,
            )
        });
        let method = method.labels.clone();
        metrics.active.add(1, &method);
        Self {
            span,
            context,
            metrics: Arc::clone(metrics),
            method,
            start: Instant::now(),
            ended: false,
        }
    }

    /// Ends the call; only the first code counts.
    pub fn end(&mut self, code: Code, message: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let elapsed = self.start.elapsed();
        self.span.record("rpc.grpc.status_code", code as i32);
        // By the conventions, a fault of the caller is no error of the server.
        if is_server_fault(code) {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("otel.status_description", message);
        }
        let [service, method] = self.method.clone();
        let status = KeyValue::new("rpc.grpc.status_code", i64::from(code as i32));
        self.metrics
            .duration
            .record(elapsed.as_secs_f64(), &[service, method, status]);
        self.metrics.active.add(-1, &self.method);
        let _attached = self.context.attach();
        self.span.in_scope(|| {
            let method = self.method[1].value.as_str();
            let ms = elapsed.as_secs_f64() * 1e3;
            match code {
                Code::Unknown | Code::Internal | Code::DataLoss => {
                    tracing::error!(method = &*method, code = ?code, "call failed: {message}");
                }
                _ => tracing::debug!(method = &*method, code = ?code, ms, "{message}"),
            }
        });
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        self.end(Code::Cancelled, "the client went away");
    }
}

/// The server errors of the RPC conventions.
fn is_server_fault(code: Code) -> bool {
    use Code::{DataLoss, DeadlineExceeded, Internal, Unavailable, Unimplemented, Unknown};
    matches!(
        code,
        Unknown | DeadlineExceeded | Unimplemented | Internal | Unavailable | DataLoss
    )
}
