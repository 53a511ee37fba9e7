//! Whether a call is recorded, decided before anything is made for it: a span that is built and then thrown away costs
//! several microseconds, the decision a fraction of one.
//!
//! The sampler is the SDK's own, asked once more when the span starts; so that it says the same again, the trace gets the
//! id that was decided upon.

use std::cell::Cell;
use std::sync::OnceLock;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SamplingDecision, ShouldSample};

/// There is one tracer per process; none if telemetry is disabled or has not been started.
static SAMPLER: OnceLock<Box<dyn ShouldSample>> = OnceLock::new();

thread_local! {
    /// The id of the trace that the next span of this thread begins.
    static DECIDED: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// The ids of traces, of which some are decided beforehand.
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

/// Decides by this sampler from now on; the first one counts.
pub(super) fn start(sampler: Box<dyn ShouldSample>) {
    let _ = SAMPLER.set(sampler);
}

/// Makes the span of a call below `parent`, if it is to be recorded: `span` must start it. Otherwise the context that the
/// call runs in, and hands on, is that of its caller; a call that nobody traces has ids for its log lines only.
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
        // The flag tells callees not to record it either, whatever the caller's said.
        let unsampled = SpanContext::new(
            trace,
            caller.span_id(),
            TraceFlags::NOT_SAMPLED,
            true,
            caller.trace_state().clone(),
        );
        return parent.with_remote_span_context(unsampled);
    }
    let nobody = SpanContext::new(
        trace,
        ids.new_span_id(),
        TraceFlags::NOT_SAMPLED,
        false,
        TraceState::NONE,
    );
    parent.with_remote_span_context(nobody)
}
