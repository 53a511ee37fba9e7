//! Observable metrics.

use std::sync::Arc;

use opentelemetry::metrics::AsyncInstrument;

/// A callback that reads `source` without keeping it alive: a closed journal reports nothing.
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
