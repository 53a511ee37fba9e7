//! What the `main` of every service does, and nothing of what any one of them is for: configuration, telemetry,
//! shutdown, supervised tasks, the gRPC server and its limits, clients, the admin port, key files.
//!
//! The whole of a service's `main.rs`:
//!
//! ```ignore
//! fn main() -> std::process::ExitCode {
//!     kit::service::main::<Config, _, _>("weather-station", |config, service| weather::run(config, service))
//! }
//! ```
//!
//! and the outline of its `run`:
//!
//! ```ignore
//! pub async fn run(config: Config, mut service: kit::Service) -> anyhow::Result<()> {
//!     let caught_up = service.readiness.wait_for("caught_up", CATCHING_UP.because("reading the log"));
//!     service.tasks.spawn("writer", writer(service.shutdown.clone(), caught_up));
//!     kit::server::serve(&mut service, kit::Server { routes, services, descriptors, limits, domain, trace_header })?;
//!     service.finish().await
//! }
//! ```

pub mod admin;
pub mod client;
pub mod config;
pub mod messaging;
pub mod metrics;
pub mod process;
pub mod readiness;
pub mod server;
pub mod service;
pub mod shutdown;
pub mod status;
pub mod tasks;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;

/// For every binary that has a main from here. The system's allocator keeps for each thread what a replay has freed: ten
/// times of what stays in use.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use ::keyfile;
pub use readiness::{Cause, Condition, Readiness, Reason};
pub use server::{Limits, Server};
pub use service::Service;
pub use shutdown::Shutdown;
pub use status::Refusal;
pub use tasks::Tasks;
pub use trace::TraceContext;
