//! The `blocklog` command: keys, transactions, blocks, topics. Data comes from the services by gRPC, or from the journal itself
//! if no service is to be trusted.

mod answer;
mod chains;
mod commands;
mod config;
mod escape;
mod exit;
mod file;
#[cfg(feature = "testing")]
pub mod fixture;
mod format;
mod inclusion;
mod output;
mod patience;
mod run;
mod session;
mod source;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use commands::Cli;
use exit::{Exit, Failure};
use output::Printer;
use run::Run as _;
use session::Session;

/// Runs the command line of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let session = Session::new(cli.global, Cli::command);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                session.printer,
                &Failure::new(Exit::Other, format!("cannot start: {error}")),
            );
        }
    };
    match runtime.block_on(cli.command.run(&session)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(session.printer, &failure),
    }
}

/// Reports a failure on the error stream, so that piped output stays clean.
fn fail(printer: Printer, failure: &Failure) -> ExitCode {
    if printer.is_human() {
        eprintln!("error: {failure}");
    } else {
        let metadata: serde_json::Map<_, _> = failure
            .metadata
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        eprintln!(
            "{}",
            escape::lines(&serde_json::json!({ "error": { "reason": failure.reason, "message": failure.message, "metadata": metadata } }).to_string())
        );
    }
    ExitCode::from(failure.exit as u8)
}
