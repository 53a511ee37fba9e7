//! The whole service over a journal in memory, asked over gRPC.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[path = "blackbox/stage.rs"]
mod stage;

#[path = "blackbox/pages.rs"]
mod pages;
#[path = "blackbox/proofs.rs"]
mod proofs;
#[path = "blackbox/queries.rs"]
mod queries;
#[path = "blackbox/refusals.rs"]
mod refusals;
#[path = "blackbox/streams.rs"]
mod streams;
#[path = "blackbox/watch.rs"]
mod watch;
