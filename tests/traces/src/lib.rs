//! Nothing: `tests/across` is what this crate is for.
