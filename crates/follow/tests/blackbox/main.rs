//! The follower from outside: logs go in, events come out.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod assume;
mod feed;
mod forge;
mod golden;
mod loss;
mod order;
mod providers;
mod replay;
mod snapshot;
mod stand;
