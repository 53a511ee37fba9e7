//! Settings: flags, each also an environment variable, checked before any socket opens.

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// Flags of every process.
#[derive(Clone, Debug, clap::Args)]
pub struct Process {
    /// How log lines look
    #[arg(
        long,
        value_enum,
        default_value = "human",
        value_name = "FORMAT",
        help_heading = "Process"
    )]
    pub log_format: LogFormat,
    /// What is logged: a level, or MODULE=LEVEL pairs (tracing EnvFilter); can be changed at run time on the admin port
    #[arg(
        long,
        default_value = "info",
        value_name = "FILTER",
        help_heading = "Process"
    )]
    pub log: String,
    /// How long the end may take after SIGTERM, at most 29s
    #[arg(long, default_value = "20s", value_parser = duration, value_name = "TIME", help_heading = "Process")]
    pub shutdown_grace: Duration,
}

/// Flags of every service. `--listen` and `--admin` have no default here: see [`Settings::DEFAULTS`].
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Where gRPC is served
    #[arg(long, value_name = "ADDRESS", help_heading = "Process")]
    pub listen: SocketAddr,
    /// Where health, metrics and the log level are served
    #[arg(long, value_name = "ADDRESS", help_heading = "Process")]
    pub admin: SocketAddr,
    /// Flags of every process.
    #[command(flatten)]
    pub process: Process,
}

/// The settings of a process: a flat clap struct.
pub trait Settings: clap::Parser {
    /// Every flag `--some-flag` is also read from `PREFIX_SOME_FLAG`.
    const ENV_PREFIX: &'static str;
    /// Defaults of flattened flags that differ from process to process: flag, value. Services give `listen` and `admin`.
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[];
    /// The flags of every process.
    fn process(&self) -> &Process;
    /// What clap cannot check: relations between flags, files that must exist. An error is a usage error (exit code 2).
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
    /// What to print at start besides the flags themselves.
    fn describe(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}

/// The settings of a service with a gRPC and an admin port.
pub trait ServiceSettings: Settings {
    /// The flags of every service.
    fn common(&self) -> &Common;
}

/// A time with unit, e.g. `250ms`, `1m 30s`; `0` is zero. For clap's `value_parser`.
pub fn duration(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        text => humantime::parse_duration(text)
            .map_err(|error| format!("{error} (write e.g. 250ms, 10s, 1m30s)")),
    }
}

/// Parses arguments (the first is the program) and the environment, and checks them.
pub fn parse<C: Settings>(
    args: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
) -> Result<C, clap::Error> {
    let _ = args;
    todo!()
}
