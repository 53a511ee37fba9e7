//! The chain as it is read from a journal: where the rules (`chain`) and the topics (`journal`) meet.
//!
//! [`Core`] reads the candidates on the `blockchain` topic in offset order, takes the first valid child of the
//! tip each time, and hands on what became of every one of them as an [`Event`]. It does no IO and knows no time: what needs doing
//! it asks for as a [`Task`], and [`Feed`] does it. A service embeds the two like this:
//!
//! ```text
//!            Input                    Output::Event → the service's own core
//!   Feed ───────────▶ Core::step ──▶
//!    ▲                                Output::Task ─┐
//!    └──────────────── Feed::perform ◀──────────────┘
//! ```
//!
//! Three threads' worth of work come out of this: one reads the topic ([`journal::Tail`]), a pool checks bodies and
//! signatures of several blocks ahead of the tip, and the caller of `step` applies them one after the other.
//!
//! [`partition`] follows a partition of `transactions` from the chain's cursor on. [`snapshot`] keeps the state over a restart, and
//! [`replay`] drives the same core to the end of a topic for commands that work offline.

pub mod audit;
mod check;
pub mod core;
mod event;
mod known;
pub mod partition;
pub mod replay;
pub mod shell;
pub mod snapshot;

pub use crate::check::{Check, Outcome};
pub use crate::core::{Core, Input, Output, Settings, Task};
pub use crate::event::{Claims, Event, Fatal, Lag, Refused};
pub use crate::shell::Feed;
pub use crate::snapshot::Snapshot;
