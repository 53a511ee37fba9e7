//! Replays, validates, indexes and answers what is in the chain.

pub mod core;
pub mod store;
