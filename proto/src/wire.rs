//! From wire messages to the types of the chain and back.
//!
//! Wire values are readable: hashes and ids as hex, accounts as `bl1…` or names, times as timestamps. A value that does
//! not translate is an [`Error`] with the path of the field, for `google.rpc.BadRequest`.

mod block;
mod field;
mod transaction;

pub use block::{bits_text, block, tip};
pub use field::{Error, account, excerpt, hash, hex_bytes, required, timestamp, timestamp_ms};
pub use transaction::{from_transaction, to_transaction, verdict};
