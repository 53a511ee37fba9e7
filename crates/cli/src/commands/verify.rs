//! `blocklog verify`: derives the whole chain again, trusting nobody.

mod summary;

use std::time::Instant;

use chain::Hash;
use follow::{Event, Fatal, Settings};

use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::source::{self, Source};
use summary::Summary;

/// Every rule, every signature, every hash; from block 0 on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog verify --journal kafka://127.0.0.1:9092\n  \
    blocklog verify --export chain.export --tip 0000ab… --chain-id 12c9…\n  \
    blocklog verify --from-ledger --to 100 --output json\n\n\
    Without --tip a copy that was cut, or whose newest blocks were changed, verifies up to there: keep a tip \
    (`blocklog tip save`) and compare."
)]
pub struct Args {
    #[command(flatten)]
    source: source::SourceArgs,
    /// The chain that it must be
    #[arg(long, value_name = "HASH")]
    chain_id: Option<Hash>,
    /// A block hash that you trust: it must be on the chain
    #[arg(long, value_name = "HASH")]
    tip: Option<Hash>,
    /// Print all balances as of this height
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
    /// Skip the signatures on the way to this block
    #[arg(long, value_name = "HASH")]
    assume_valid: Option<Hash>,
}

/// Runs on a thread of its own: it is all hashing and reading.
pub async fn run(args: Args, connect: &Connect, printer: Printer) -> Outcome {
    let connect = connect.clone();
    tokio::task::spawn_blocking(move || verify(args, &connect, printer))
        .await
        .map_err(|error| Failure::new(Exit::Other, format!("the verification ended: {error}")))?
}

fn verify(args: Args, connect: &Connect, printer: Printer) -> Outcome {
    let source = args.source.open(connect)?;
    let settings = Settings {
        topic: source.name(),
        expected: args.chain_id,
        assume_valid: args.assume_valid,
    };
    let bar = source.progress(printer.is_human());
    let started = Instant::now();
    let mut summary = Summary::new(args.tip, args.to);
    let replayed = follow::replay::replay(
        settings,
        || source.records(),
        |core, event| match event {
            Event::Accepted {
                accepted, offset, ..
            } => {
                bar.set_position(offset + 1);
                summary.accepted(&accepted);
            }
            Event::Refused(refused) => summary.refused(refused, core.chain()),
            Event::Restarted => summary.restart(),
            _ => {}
        },
    );
    bar.finish_and_clear();
    let core = replayed.map_err(|fatal| match (fatal, &source) {
        // A file that is damaged is evidence that does not verify, not a journal in trouble.
        (Fatal::Journal(error), Source::Export(..)) => summary.damaged(&error.to_string()),
        (fatal, _) => failure(fatal),
    })?;
    let Some(chain) = core.chain() else {
        return Err(summary.no_chain(&source.name()));
    };
    summary.print(
        chain,
        &source.name(),
        args.assume_valid,
        started.elapsed(),
        printer,
    )?;
    summary.verdict(chain)
}

/// Why a replay stopped, as the end of a command.
pub fn failure(fatal: Fatal) -> Failure {
    match fatal {
        Fatal::WrongChain { .. } => {
            Failure::new(Exit::DoesNotVerify, fatal.to_string()).reason("WRONG_CHAIN")
        }
        Fatal::DataLoss(_) => {
            Failure::new(Exit::DoesNotVerify, fatal.to_string()).reason("DATA_LOSS")
        }
        Fatal::Journal(error) => error.into(),
    }
}
