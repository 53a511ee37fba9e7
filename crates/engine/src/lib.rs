//! The interface between cores, which decide, and shells, which act.
//!
//! A [`Core`] is a plain struct: inputs in, outputs out, no IO, clock, thread or randomness. A [`Shell`] performs outputs and
//! turns events into inputs. [`Engine`] is the one loop between the two:
//!
//! ```text
//!             inputs (a channel)
//!   threads ───────────────────▶ Engine ── step(now, input) ──▶ Core
//!      ▲                           │                              │
//!      └──── Shell::perform ◀──────┴────────── outputs ◀──────────┘
//! ```
//!
//! Every service runs this loop. A simulation runs the same cores without it: it owns the [`Now`] and the order of the inputs.

mod clock;
mod core;
mod run;

pub use crate::clock::{Clock, Now};
pub use crate::core::{Core, Signal};
pub use crate::run::{Cadence, Engine, Shell};
