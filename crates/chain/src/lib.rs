//! The rules of the chain: bytes, hashes, verdicts, blocks, proofs.
//!
//! Pure: no IO, clock, randomness, async, environment, threads or floating point. Whoever calls brings
//! the bytes, the times, the seeds and the cores ([`parallel::Parallel`]).
//!
//! A candidate for the chain goes through types: bytes → [`Block<Unchecked>`](block::Unchecked) →
//! [`Block<Checked>`](block::Checked) → [`accepted::Accepted`], by [`Chain::frame`], [`Block::check`] and
//! [`Chain::apply`]. [`Chain::assemble`] makes the next block by the same evaluation.

pub mod accepted;
pub mod account;
mod accounts;
pub mod assemble;
pub mod block;
mod chain;
mod codec;
mod evaluate;
pub mod export;
pub mod genesis;
pub mod hash;
pub mod header;
pub mod key;
pub mod leaf;
pub mod log;
mod order;
pub mod parallel;
pub mod proof;
pub mod record;
pub mod transaction;
pub mod verdict;
mod wire;
pub mod work;

pub use accepted::Accepted;
pub use account::Account;
pub use assemble::{Draft, Template};
pub use block::{Block, Refusal};
pub use chain::{Chain, Tip};
pub use genesis::{Genesis, Rules};
pub use hash::Hash;
pub use header::Header;
pub use key::Secret;
pub use record::Record;
pub use transaction::Transaction;
pub use verdict::Verdict;
