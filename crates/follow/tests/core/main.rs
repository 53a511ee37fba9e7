//! The follower's cores without threads: every order of things can be replayed from its seed.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod assume;
mod forge;
mod golden;
mod loss;
mod order;
mod partition;
mod replay;
mod snapshot;
mod stand;
