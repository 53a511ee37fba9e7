//! The writing side without threads: the core, the index and its views over a journal in memory, step by step.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod driver;
mod world;

mod audit;
mod clock;

mod pending;
mod queries;
mod replay;
mod restart;
mod stop;
