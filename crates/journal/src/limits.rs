//! Limits of every provider.

/// Largest record that every provider accepts, in bytes of its value and headers: 17 MiB. Topics may set less.
pub const MAX_RECORD_BYTES: u32 = 17 << 20;
/// Trace headers (`traceparent`, `tracestate`) of one record that a reader keeps, at most.
pub const MAX_TRACE_HEADERS: usize = 128;
