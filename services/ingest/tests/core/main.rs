//! The core of ingest, without its shell.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod bench;
mod clocks;
mod course;
mod order;
mod random;
