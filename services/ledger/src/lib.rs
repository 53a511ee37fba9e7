//! The ledger: replays and validates the chain, indexes it, and answers queries about it.
//!
//! The writing side is a [`core`] in a shell, the reading side RPCs over [`index::View`]s. The tasks and threads of the service:
//!
//! | name | does |
//! |---|---|
//! | `ledger-core` | sets up: topics, block 0, index, snapshot; then steps the core and performs its outputs |
//! | `ledger-index` | writes batches to the index |
//! | `ledger-worker` | reads blocks back for the audit, compares records again, writes snapshots, commits positions |
//! | `ledger-check-N` | check pending records as they are read |
//! | `ledger-watch` | checks the topics' settings and block 0 periodically |
//! | `follow-…` | the threads of [`follow::Feed`], which read and check blocks |
//! | tails | a thread for each partition of `transactions` that is read |
//! | gRPC server | the RPCs |

pub mod checkpoint;
pub mod config;
pub mod core;
mod errors;
pub mod index;
mod metrics;
pub mod model;
mod problem;
mod readiness;
pub mod recheck;
mod reopen;
mod rpc;
mod service;
mod shell;

pub use config::Config;
pub use service::run;
