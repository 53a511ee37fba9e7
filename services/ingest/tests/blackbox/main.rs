//! Ingest as its clients see it: the whole service over a memory journal, real gRPC on loopback.

mod bad_weather;
mod kafka;
mod receipts;
mod refusals;
mod stage;
mod streams;
