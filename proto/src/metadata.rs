//! The names of the gRPC metadata that the services read and write.

/// Request: lowest acceptable height of the tip; the service waits for it.
pub const MIN_HEIGHT: &str = "x-blocklog-min-height";
/// Reply: height of the tip of the reply's view.
pub const HEIGHT: &str = "x-blocklog-height";
/// Reply: trace id of the call, if it is traced.
pub const TRACE_ID: &str = "x-blocklog-trace-id";
