//! The names of the gRPC metadata that the services read and write.

/// Request: answer from a tip of at least this height, or wait for it.
pub const MIN_HEIGHT: &str = "x-blocklog-min-height";
/// Reply: the height of the tip that the reply is a view of.
pub const HEIGHT: &str = "x-blocklog-height";
/// Reply: the trace id of the call, if it is traced.
pub const TRACE_ID: &str = "x-blocklog-trace-id";
