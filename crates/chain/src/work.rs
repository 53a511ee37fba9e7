//! Proof of work: compact targets, the work rule, and the search for a nonce.

mod compact;
mod retarget;
mod search;

pub use compact::{compact, expected_tries, meets, target};
pub(crate) use retarget::next_bits;
pub use search::Work;
