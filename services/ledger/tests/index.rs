//! The writing side without threads: the core, the index and its views over a log in memory, step by step.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[path = "index/driver.rs"]
mod driver;
#[path = "index/world.rs"]
mod world;

#[path = "index/audit.rs"]
mod audit;
#[path = "index/pending.rs"]
mod pending;
#[path = "index/queries.rs"]
mod queries;
#[path = "index/replay.rs"]
mod replay;
#[path = "index/restart.rs"]
mod restart;
