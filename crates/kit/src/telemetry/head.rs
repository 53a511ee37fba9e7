//! Head sampling: decides whether a call is recorded before its span is built. A discarded span costs several microseconds,
//! the decision a fraction of one.
//!
//! The sampler is the SDK's own, which decides again when the span starts. The trace gets the id of the first decision, so
//! that the second one is the same.

use std::cell::Cell;
use std::sync::OnceLock;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SamplingDecision, ShouldSample};

/// The sampler of the process; none if telemetry is disabled or has not been started.
static SAMPLER: OnceLock<Box<dyn ShouldSample>> = OnceLock::new();

thread_local! {
    /// The id of the trace that the next span of this thread starts.
    static DECIDED: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Generates ids of traces, unless [`DECIDED`] holds one.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        DECIDED.take().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// Sets the sampler; only the first one counts.
pub(super) fn start(sampler: Box<dyn ShouldSample>) {
    let _ = SAMPLER.set(sampler);
}

/// Starts the span of a call below `parent` by `span`, if it is to be recorded. Otherwise the call runs in, and propagates, the
/// context of its caller; an untraced call has ids for its log lines only.
pub(crate) fn call(parent: &Context, name: &str, span: impl FnOnce() -> Context) -> Context {
    let Some(sampler) = SAMPLER.get() else {
        return parent.clone();
    };
    let caller = parent.span().span_context().clone();
    let begins = !caller.is_valid();
    let ids = RandomIdGenerator::default();
    let trace = match begins {
        true => ids.new_trace_id(),
        false => caller.trace_id(),
    };
    let asked = sampler.should_sample(Some(parent), trace, name, &SpanKind::Server, &[], &[]);
    if asked.decision != SamplingDecision::Drop {
        DECIDED.set(begins.then_some(trace));
        let context = span();
        DECIDED.take();
        return context;
    }
    if !begins {
        // The flag stops callees from recording it, whatever the caller's flag was.
        let unsampled = SpanContext::new(
            trace,
            caller.span_id(),
            TraceFlags::NOT_SAMPLED,
            true,
            caller.trace_state().clone(),
        );
        return parent.with_remote_span_context(unsampled);
    }
    let untraced = SpanContext::new(
        trace,
        ids.new_span_id(),
        TraceFlags::NOT_SAMPLED,
        false,
        TraceState::NONE,
    );
    parent.with_remote_span_context(untraced)
}
