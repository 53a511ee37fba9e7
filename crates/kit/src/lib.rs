//! The common parts of every service's `main`, without any business logic: configuration, telemetry, shutdown, supervised
//! tasks, the gRPC server and its limits, clients, the admin port, key files.
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
//!     let caught_up = service.readiness.wait_for("caught_up", CATCHING_UP.because("reading the journal"));
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

/// Linking kit sets the allocator. The system's keeps the memory that a replay has freed in arenas per thread: ten times the
/// live memory.
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
