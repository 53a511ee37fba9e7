//! The whole service over a journal in memory, asked over gRPC.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod stage;

mod pages;
mod proofs;
mod queries;
mod refusals;
mod starts;
mod streams;
mod watch;
