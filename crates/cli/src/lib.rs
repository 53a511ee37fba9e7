//! The `blocklog` command: keys, transactions, blocks, topics. Answers come from the services by gRPC, or from the
//! journal itself where no service should have to be trusted.

mod answer;
mod chains;
mod commands;
mod config;
mod connect;
mod escape;
mod exit;
mod file;
#[cfg(test)]
mod fixture;
mod format;
mod output;
mod patience;
mod source;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use config::{Cli, Command};
use connect::Connect;
use exit::{Exit, Failure, Outcome};
use output::Printer;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(cli.global.output);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                printer,
                &Failure::new(Exit::Other, format!("cannot start: {error}")),
            );
        }
    };
    match runtime.block_on(run(cli, printer)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(printer, &failure),
    }
}

/// On the error stream, so that what is piped stays clean.
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

async fn run(cli: Cli, printer: Printer) -> Outcome {
    let connect = Connect::new(&cli.global);
    match cli.command {
        Command::Genesis(command) => commands::genesis::run(command, &connect, printer).await,
        Command::Init(args) => commands::init::run(&args, printer),
        Command::Keys(command) => commands::keys::run(command, printer),
        Command::Tx(command) => commands::tx::run(command, &connect, printer).await,
        Command::Block(command) => commands::block::run(command, &connect, printer).await,
        Command::Account(command) => commands::account::run(command, &connect, printer).await,
        Command::Record(command) => commands::record::run(command, &connect, printer).await,
        Command::Topic(command) => commands::topic::run(command, printer),
        Command::Pending { partition, limit } => {
            commands::lists::pending(partition, limit, &connect, printer).await
        }
        Command::Candidates { limit } => {
            commands::lists::candidates(limit, &connect, printer).await
        }
        Command::Miners => commands::lists::miners(&connect, printer).await,
        Command::Proof(command) => commands::proof::run(command, &connect, printer).await,
        Command::Tip(command) => commands::tip::run(command, &connect, printer).await,
        Command::Admin(command) => commands::admin::run(command, &connect, printer).await,
        Command::Doctor(args) => commands::doctor::run(args, &connect, printer).await,
        Command::Audit(args) => commands::audit::run(args, printer).await,
        Command::Verify(args) => commands::verify::run(*args, &connect, printer).await,
        Command::Export(args) => commands::export::run(args, &connect, printer).await,
        Command::Import(args) => commands::import::run(*args, printer).await,
        Command::Explain { code } => commands::explain::run(code.as_deref(), printer),
        Command::Status => commands::status::run(&connect, printer).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "blocklog", &mut script);
            Ok(printer.verbatim(String::from_utf8_lossy(&script).trim_end())?)
        }
    }
}
