//! The miner: seals slices of its partitions of `transactions` into blocks, and proposes them by appending.
//!
//! A [`core`] in a [`shell`]. The tasks and threads of the service:
//!
//! | name | does |
//! |---|---|
//! | `miner` | sets up: topics, block 0, snapshot; then starts what follows |
//! | `miner-core` | the thread that steps the core and performs its outputs |
//! | `miner-seal-N` | search the nonce, while there is a block to seal |
//! | `miner-check` | checks records as they are read, on all cores |
//! | `miner-worker` | asks for the ends of partitions, commits positions, writes snapshots |
//! | `miner-watch` | checks the topics' settings and block 0 periodically |
//! | `follow-…` | the threads of [`follow::Feed`], which read and check blocks |
//! | tails | a thread for each partition that is read |
//! | gRPC server | the two RPCs |

pub mod config;
pub mod core;
mod errors;
pub mod fit;
mod metrics;
mod publication;
mod readiness;
mod rpc;
mod service;
mod shell;

pub use config::Config;
pub use service::run;
