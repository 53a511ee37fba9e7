//! The `main` of a process that binds its own sockets: flags, telemetry, signals, exit code.

use std::process::ExitCode;

use crate::Shutdown;
use crate::config::Settings;

/// Parses and checks the settings, sets up telemetry, calls `run`, and ends within the grace after a signal.
/// Exit codes: 0 ended as told, 1 failed, 2 usage error.
pub fn main<C, F, R>(name: &'static str, run: F) -> ExitCode
where
    C: Settings,
    F: FnOnce(C, Shutdown) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let _ = (name, run);
    todo!()
}
