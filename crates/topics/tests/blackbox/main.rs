//! Topics and block 0 from outside: their creation, and changes under a running service.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod bootstrap;
mod watch;
