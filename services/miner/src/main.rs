//! The `blocklog-miner` binary.
fn main() {}
