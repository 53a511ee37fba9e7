//! Spans of records that pass through topics, by the OpenTelemetry conventions for messaging.
//! <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>
//!
//! For a record that was not sampled, they are disabled spans, which cost nothing and work like any other.

use opentelemetry::Value;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::TraceContext;

/// `kafka`, or the name of another provider.
pub const SYSTEM: &str = "messaging.system";
/// Name of the operation in the service.
pub const OPERATION_NAME: &str = "messaging.operation.name";
/// Type of the operation in the conventions.
pub const OPERATION_TYPE: &str = "messaging.operation.type";
/// The topic.
pub const DESTINATION: &str = "messaging.destination.name";
/// The partition, as text.
pub const PARTITION: &str = "messaging.destination.partition.id";
/// The offset within the partition.
pub const OFFSET: &str = "messaging.kafka.offset";
/// Number of records that a span covers.
pub const BATCH_COUNT: &str = "messaging.batch.message_count";
/// Links of one span at most: the default of the SDK.
pub const MAX_LINKS: usize = 128;

/// An operation on records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Appends them.
    Publish,
    /// Reads them.
    Poll,
    /// Processes them; the name of the step.
    Process(&'static str),
}

/// A topic and its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// `kafka`, or the name of another provider.
    pub system: &'static str,
    /// Name at the provider.
    pub name: String,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Publish => "publish",
            Operation::Poll => "poll",
            Operation::Process(name) => name,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Operation::Publish => "producer",
            Operation::Poll => "client",
            Operation::Process(_) => "consumer",
        }
    }

    fn convention(self) -> &'static str {
        match self {
            Operation::Publish => "send",
            Operation::Poll => "receive",
            Operation::Process(_) => "process",
        }
    }
}

impl Topic {
    /// A span below the one that a record carries, or that requests its append. Disabled if the parent is not sampled.
    pub fn span(&self, operation: Operation, parent: &TraceContext) -> Span {
        if !parent.is_sampled() {
            return Span::none();
        }
        let span = self.begin(operation);
        parent.set_parent_of(&span);
        self.describe(&span, operation);
        span
    }

    /// A span for many records of many traces, with links to at most [`MAX_LINKS`] of them. Disabled if none is sampled.
    pub fn batch<'a>(
        &self,
        operation: Operation,
        records: usize,
        traces: impl IntoIterator<Item = &'a TraceContext>,
    ) -> Span {
        linked(records, traces, || {
            let span = self.begin(operation);
            self.describe(&span, operation);
            span
        })
    }

    fn begin(&self, operation: Operation) -> Span {
        let name = format!("{} {}", operation.name(), self.name);
        tracing::info_span!(parent: None, "message", otel.name = name, otel.kind = operation.kind())
    }

    fn describe(&self, span: &Span, operation: Operation) {
        set(span, SYSTEM, self.system);
        set(span, OPERATION_NAME, operation.name());
        set(span, OPERATION_TYPE, operation.convention());
        set(span, DESTINATION, self.name.clone());
    }
}

/// A step within the service, below another span. Disabled if the parent is not sampled.
pub fn step(name: &'static str, parent: &TraceContext) -> Span {
    if !parent.is_sampled() {
        return Span::none();
    }
    let span = tracing::info_span!(parent: None, "step", otel.name = name, otel.kind = "internal");
    parent.set_parent_of(&span);
    span
}

/// Sets an attribute.
pub fn set(span: &Span, name: &'static str, value: impl Into<Value>) {
    span.set_attribute(name, value);
}

/// A count as an attribute's value: OpenTelemetry has no unsigned numbers.
pub fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Sets the position of a record.
pub fn set_position(span: &Span, partition: u32, offset: Option<u64>) {
    if span.is_disabled() {
        return;
    }
    set(span, PARTITION, partition.to_string());
    if let Some(offset) = offset {
        set(span, OFFSET, count(offset));
    }
}

/// Marks the operation of a span as failed.
pub fn fail(span: &Span, why: impl std::fmt::Display) {
    if !span.is_disabled() {
        span.set_status(opentelemetry::trace::Status::error(why.to_string()));
    }
}

/// A step within the service for many records of many traces, with links to at most [`MAX_LINKS`] of them. Disabled if
/// none is sampled.
pub fn batch_step<'a>(
    name: &'static str,
    records: usize,
    traces: impl IntoIterator<Item = &'a TraceContext>,
) -> Span {
    linked(
        records,
        traces,
        || tracing::info_span!(parent: None, "step", otel.name = name, otel.kind = "internal"),
    )
}

fn linked<'a>(
    records: usize,
    traces: impl IntoIterator<Item = &'a TraceContext>,
    begin: impl FnOnce() -> Span,
) -> Span {
    let sampled = traces.into_iter().filter(|trace| trace.is_sampled());
    let mut sampled = sampled.take(MAX_LINKS).peekable();
    if sampled.peek().is_none() {
        return Span::none();
    }
    let span = begin();
    set(&span, BATCH_COUNT, count(records as u64));
    sampled.for_each(|trace| trace.link_to(&span));
    span
}
