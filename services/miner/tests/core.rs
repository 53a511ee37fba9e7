//! The core without any IO: every decision and every race, set up by hand.

#[path = "core/world.rs"]
mod world;

#[path = "core/cut.rs"]
mod cut;
#[path = "core/loss.rs"]
mod loss;
#[path = "core/propose.rs"]
mod propose;
#[path = "core/standing.rs"]
mod standing;
#[path = "core/storm.rs"]
mod storm;
