//! The `blocklog` binary.
fn main() {}
