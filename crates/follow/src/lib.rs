//! The chain, read from a journal: where the rules (`chain`) and the topics (`journal`) meet.
//!
//! [`Core`] reads the candidates on the `blockchain` topic in offset order, takes the first valid child of the
//! tip each time, and reports the fate of each as an [`Event`]. It does no IO and has no clock: it asks for work as
//! [`Task`]s, and [`Feed`] performs them. A service embeds the two like this:
//!
//! ```text
//!            Input                    Output::Event → the service's own core
//!   Feed ───────────▶ Core::step ──▶
//!    ▲                                Output::Task ─┐
//!    └──────────────── Feed::perform ◀──────────────┘
//! ```
//!
//! The work is done by three kinds of threads: one reads the topic ([`journal::Tail`]), a pool checks bodies and
//! signatures of several blocks ahead of the tip, and the caller of `step` applies them one after the other.
//!
//! [`partition`] follows a partition of `transactions` from the chain's cursor on. [`snapshot`] keeps the state over a
//! restart, and [`replay`] drives the same core to the end of a topic, for offline commands.

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
