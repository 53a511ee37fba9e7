//! One partition of `transactions`, followed from the chain's cursor on: its reader, and whether the topic still holds the
//! records that were read.
//!
//! A topic can lose its end and grow again; it can lose its beginning before the chain has sealed it. [`Core`] notices
//! both, and does nothing else: the embedding core keeps the records, in the form that it needs, and drops them at
//! [`Finding::Cut`].
//!
//! ```text
//!   gone │ sealed │ read, not sealed │ not read yet
//!      start    cursor             last            end
//! ```
//!
//! * `start > cursor`: records are gone that no block holds ([`Loss::Start`]);
//! * `end < cursor`: what is appended next lands on offsets that blocks have consumed ([`Loss::End`]);
//! * the topic does not hold `last`, the last record read, as it was read ([`Loss::Cut`]). A topic loses its end only,
//!   so a record that is still there vouches for everything below it.

mod core;
mod look;
mod loss;
mod mark;

pub use self::core::{Core, Finding};
pub use self::look::{Answer, Question, look};
pub use self::loss::{Loss, Suspicion};
pub use self::mark::Mark;
