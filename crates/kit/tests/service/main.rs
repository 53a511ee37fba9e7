//! A service over real loopback sockets.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used)]

mod calls;
mod lifecycle;
mod process;
mod reflection;
mod streams;
mod traces;
mod weather;
