//! The `blocklog-ingest` binary.
fn main() {}
