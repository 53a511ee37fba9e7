//! The `blocklog-dev` binary.
fn main() {}
