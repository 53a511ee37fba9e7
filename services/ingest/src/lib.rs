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
//! | `core` (thread) | waits for the chain (or makes it, with a genesis), then runs the [`core`] and its appends |
//! | `watch` (thread) | looks at the topics' settings and at block 0, again and again |
//! | `probe` | asks the log for its end now and then: readiness says when it does not answer |
//! | `cursors` | with `--ledger`: learns the chain's cursors, and compares them with the log's ends |
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
