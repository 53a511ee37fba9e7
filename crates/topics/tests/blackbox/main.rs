//! Topics and block 0 from outside: how they come into being, and what changes under a service.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod bootstrap;
mod watch;
