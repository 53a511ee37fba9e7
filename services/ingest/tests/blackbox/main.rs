//! Ingest as its clients see it: the whole service over a memory journal, real gRPC on loopback.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod bad_weather;
mod faults;
mod kafka;
mod ledger;
mod pipeline;
mod receipts;
mod refusals;
mod shutdown;
mod stage;
mod streams;
