//! Metrics that are read when they are collected.

use std::sync::Arc;

use opentelemetry::metrics::AsyncInstrument;

/// A callback that reads `source` as long as somebody else keeps it: nothing is reported of a journal that has been closed.
pub(crate) fn reading<S: Send + Sync + 'static, T>(
    source: &Arc<S>,
    read: impl Fn(&S, &dyn AsyncInstrument<T>) + Send + Sync + 'static,
) -> impl Fn(&dyn AsyncInstrument<T>) + Send + Sync + 'static {
    let source = Arc::downgrade(source);
    move |instrument| {
        if let Some(source) = source.upgrade() {
            read(&source, instrument);
        }
    }
}
