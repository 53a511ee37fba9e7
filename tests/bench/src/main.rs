//! Ratios against a baseline in the same run: how much of what the machine can do is left after our part.
//!
//! Machines differ and drift; a ratio of two loops that take turns does not. Nothing here passes or fails.

mod appends;
mod apply;
mod empty;
mod history;
mod ledger;
mod replay;
mod report;
mod telemetry;
mod work;

use clap::Parser;
use report::Report;

/// Prints ratios against a baseline in the same run
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  just bench work apply --rounds 9")]
struct Args {
    /// What to measure [default: all]
    #[arg(value_enum)]
    what: Vec<What>,
    /// Turns that baseline and subject take
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Be the server that calls are compared with, with answers of so many bytes
    #[arg(long, hide = true)]
    empty: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Tries a second on one core
    Work,
    /// Verify and apply a block of 10 000 records
    Apply,
    /// Replay a chain in memory, checked and on trust
    Replay,
    /// A ledger: start from a snapshot, memory, GetTransaction and GetBlock
    Ledger,
    /// Appends to a disk journal
    Disk,
    /// Appends to a Kafka journal (BLOCKLOG_TEST_KAFKA, or a broker started for it)
    Kafka,
    /// Submissions with telemetry over the same without; needs blocklog-ingest of the same profile
    Telemetry,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(bytes) = args.empty {
        return empty::serve(bytes);
    }
    let wanted = |what| args.what.is_empty() || args.what.contains(&what);
    let mut report = Report::new(args.rounds);
    if wanted(What::Work) {
        work::run(&mut report);
    }
    if wanted(What::Apply) {
        apply::run(&mut report)?;
    }
    if wanted(What::Replay) {
        replay::run(&mut report)?;
    }
    if wanted(What::Ledger) {
        ledger::run(&mut report)?;
    }
    if wanted(What::Disk) {
        appends::disk(&mut report)?;
    }
    if wanted(What::Kafka) {
        appends::kafka(&mut report)?;
    }
    if wanted(What::Telemetry) {
        telemetry::run(&mut report)?;
    }
    Ok(())
}
