//! The core without any IO: every decision and every race, set up by hand.

mod cut;
mod ending;
mod loss;
mod propose;
mod standing;
mod steps;
mod storm;
mod world;
