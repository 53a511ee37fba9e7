//! The rules of the chain: bytes, hashes, verdicts, blocks, proofs.
//!
//! Pure: no IO, clock, randomness, async, environment, threads or floating point. The caller brings
//! the bytes, the times, the seeds and the cores ([`parallel::Parallel`]).
//!
//! A candidate for the chain goes through types: bytes → [`Block<Unchecked>`](block::Unchecked) →
//! [`Block<Checked>`](block::Checked) → [`accepted::Accepted`], by [`Chain::frame`], [`Block::check`] and
//! [`Chain::apply`]. [`Chain::assemble`] makes the next block by the same evaluation.
//!
//! ```
//! use chain::parallel::Sequential;
//! use chain::record::Signatures;
//! use chain::{Chain, Draft, Genesis, Slot, Transaction, record};
//!
//! // Block 0, and the chain that it starts.
//! let now_ms = 1_700_000_000_000;
//! let genesis = Genesis { open: true, timestamp_ms: now_ms, ..Genesis::default() };
//! let (mut chain, _) = Chain::start(&genesis.block_zero(), now_ms)?;
//! let rules = chain.rules().clone();
//!
//! // A record of the topic `transactions`, and the block that seals it.
//! let transfer = Transaction {
//!     sender: "alice".into(), recipient: "bob".into(), amount: 5, nonce: 1, ..Transaction::default()
//! };
//! let slots = vec![Slot::Record(record::check(transfer.encode(), &rules))];
//! let template = chain.assemble(Draft { partition: 0, slots, miner: "carol".parse()?, timestamp_ms: now_ms })?;
//! let nonce = template.work().search(0, u64::MAX).expect("some nonce does it");
//! let value = template.finish(nonce, None);
//!
//! // What every reader of the topic `blockchain` does with it.
//! let signatures = Signatures::Check { seed: [7; 32], known: &|_| false };
//! let block = chain.frame(value)?.check(&rules, signatures, &Sequential)?;
//! let accepted = chain.apply(block, now_ms)?;
//! assert_eq!((accepted.height(), chain.cursor(0)), (1, 1));
//! assert_eq!(chain.account(&"bob".parse()?).map(|bob| bob.balance), Some(5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accepted;
pub mod account;
mod accounts;
pub mod block;
mod chain;
mod codec;
pub mod effects;
mod evaluate;
pub mod genesis;
pub mod hash;
pub mod header;
pub mod key;
pub mod leaf;
pub mod limits;
pub mod log;
mod order;
pub mod parallel;
pub mod proof;
pub mod record;
pub mod slice;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transaction;
pub mod verdict;
mod wire;
pub mod work;

pub use accepted::Accepted;
pub use account::Account;
pub use block::{Block, Refusal};
pub use chain::assemble::{self, Draft, Template};
pub use chain::{Chain, Tip};
pub use genesis::{Genesis, Rules};
pub use hash::Hash;
pub use header::Header;
pub use key::Secret;
pub use record::Record;
pub use slice::Slot;
pub use transaction::Transaction;
pub use verdict::Verdict;
