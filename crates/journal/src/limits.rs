//! Limits that hold with every provider.

/// Largest record that every provider takes, in bytes of its value and headers: 17 MiB. Topics may set less.
pub const MAX_RECORD_BYTES: u32 = 17 << 20;
/// Most trace headers (`traceparent`, `tracestate`) of one record that a reader keeps.
pub const MAX_TRACE_HEADERS: usize = 128;
