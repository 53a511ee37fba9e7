//! `blocklog init`: creates the topics and publishes block 0.

use serde_json::json;
use topics::bootstrap;
use topics::config::ChainArgs;

use crate::escape;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

/// Whoever holds the genesis may do this, as often as they like: the first block 0 counts.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog init --journal kafka://127.0.0.1:9092 --genesis genesis.json"
)]
pub struct Args {
    #[command(flatten)]
    chain: ChainArgs,
}

pub fn run(args: &Args, printer: Printer) -> Outcome {
    args.chain
        .check()
        .map_err(|problem| Failure::new(Exit::Usage, problem))?;
    let genesis = args.chain.genesis()?.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "--genesis FILE is required; `blocklog genesis new` writes one",
        )
    })?;
    let journal = args.chain.open("blocklog")?;
    let reported = std::cell::Cell::new(false);
    let rules = bootstrap::establish(&journal, &genesis, &|waiting| {
        if !reported.replace(true) {
            eprintln!(
                "waiting for the journal: {}",
                escape::value(&waiting.to_string())
            );
        }
    })
    .map_err(|error| match error {
        bootstrap::Error::Journal(error) => error.into(),
        error => Failure::new(Exit::Other, error.to_string()),
    })?;
    let notices = topics::Watch::new(journal, rules)
        .look(&|_| false)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    for notice in notices.into_iter().flatten() {
        eprintln!("warning: {}", escape::value(&notice.to_string()));
    }
    let id = genesis.chain_id().to_string();
    let value = json!({ "chainId": id, "journal": args.chain.journal.journal.to_string() });
    Ok(printer.value(
        &value,
        vec![
            ("chain id", id),
            ("journal", args.chain.journal.journal.to_string()),
        ],
    )?)
}
