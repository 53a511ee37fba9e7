//! The `main` of a process that binds its own sockets: flags, telemetry, signals, exit code.

mod signals;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Command};

use crate::config::{self, Settings};
use crate::{Shutdown, shutdown, telemetry};

/// Time to send queued telemetry after everything else has ended.
const FLUSH: Duration = Duration::from_secs(3);

// Orchestrators kill after 30 s; one second remains for the process itself.
const _: () = assert!(shutdown::MAX_GRACE.as_secs() + FLUSH.as_secs() < 30);

/// Parses and checks the settings, sets up telemetry, calls `run`, and ends within the grace after a signal.
/// Exit codes: 0 clean end, 1 failure, 2 usage error, 130 second Ctrl-C.
pub fn main<C, F, R>(name: &'static str, run: F) -> ExitCode
where
    C: Settings,
    F: FnOnce(C, Shutdown) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let mut command = config::command::<C>();
    match command.try_get_matches_from_mut(std::env::args_os().collect::<Vec<OsString>>()) {
        Ok(matches) => start(name, command, &matches, run),
        Err(error) => usage(&error),
    }
}

/// Prints help, version or a usage error to the stream that clap chooses.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Without a terminal the error cannot be reported.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// All of `main` after the command line has been split.
pub(crate) fn start<C, F, R>(
    name: &'static str,
    mut command: Command,
    matches: &ArgMatches,
    run: F,
) -> ExitCode
where
    C: Settings,
    F: FnOnce(C, Shutdown) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let settings = match config::from_matches::<C>(&mut command, matches) {
        Ok(settings) => settings,
        Err(error) => return usage(&error),
    };
    let lines = config::lines(&command, matches, &settings);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(supervise(name, settings, &lines, run));
    // A thread that ignores the token must not keep the process alive.
    runtime.shutdown_background();
    code
}

async fn supervise<C, F, R>(
    name: &'static str,
    settings: C,
    lines: &[(String, String)],
    run: F,
) -> ExitCode
where
    C: Settings,
    F: FnOnce(C, Shutdown) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let grace = settings.process().shutdown_grace;
    let telemetry = telemetry::start(name, settings.process());
    let lines: Vec<_> = lines
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    tracing::info!(
        "{name} {} starts: {}",
        env!("CARGO_PKG_VERSION"),
        lines.join(" ")
    );
    let shutdown = Shutdown::new();
    let signals = tokio::spawn(signals::watch(shutdown.clone(), grace));
    let outcome = tokio::select! {
        outcome = run(settings, shutdown.clone()) => outcome,
        () = overdue(&shutdown, grace) => Err(anyhow::anyhow!(
            "did not shut down within {}", humantime::format_duration(grace)
        )),
    };
    signals.abort();
    let code = match outcome {
        Ok(()) => {
            tracing::info!("{name} has ended");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!("{name} failed: {error:#}");
            ExitCode::FAILURE
        }
    };
    telemetry.flush(FLUSH).await;
    code
}

/// Returns a little after the grace, so that `run` can end within it and report what hangs.
async fn overdue(shutdown: &Shutdown, grace: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(grace + Duration::from_millis(500)).await;
}
