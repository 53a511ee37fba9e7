//! The `blocklog-ledger` binary.
fn main() {}
