//! The `blocklog-explorer` binary.
fn main() {}
