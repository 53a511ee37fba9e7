//! Ingest: takes transactions over gRPC and appends them to the `transactions` topic.
//!
//! ```text
//!  gRPC call ─▶ intake (stateless rules, signatures) ─▶ window (room) ─▶ Handle ─▶ Core ─▶ Shell ─▶ journal
//!      ▲                                                                          ▲        │           │
//!      │                                                                          └────────┼─ completions
//!      └───────────── reply, one wake-up per stream and batch ◀────────────────────────────┘
//! ```
//!
//! Tasks of the service:
//!
//! | task | does |
//! |---|---|
//! | `core` (thread) | waits for the chain (or creates it, with a genesis), then runs the [`core`] and its appends |
//! | `watch` (thread) | checks the topics' settings and block 0 periodically |
//! | `probe` | asks the journal for an end periodically: readiness shows when it does not answer |
//! | `cursors` | with `--ledger`: asks for the chain's cursors, and compares them with the topic's ends |
//! | `grpc` | serves the four RPCs of `blocklog.ingest.v1` |

mod accounts;
pub mod config;
pub mod core;
mod cursors;
mod errors;
mod intake;
mod metrics;
mod opening;
mod outbox;
mod probe;
mod readiness;
pub mod rejection;
mod rpc;
mod service;
mod shell;
mod state;
mod window;

pub use crate::service::run;
