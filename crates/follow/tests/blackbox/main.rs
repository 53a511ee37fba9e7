//! The follower from outside: logs go in, events come out.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod feed;
mod providers;
