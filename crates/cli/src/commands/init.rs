//! `blocklog init`: creates the topics and publishes block 0.

use serde_json::json;
use topics::bootstrap;
use topics::config::ChainArgs;

use crate::escape;
use crate::exit::{Exit, Failure, Outcome};
use crate::run::Run;
use crate::session::Session;

// Safe for anyone with the genesis to repeat: the first block 0 counts.
/// Create the topics and publish block 0
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog init --journal kafka://127.0.0.1:9092 --genesis genesis.json"
)]
pub struct Init {
    #[command(flatten)]
    chain: ChainArgs,
}

impl Run for Init {
    async fn run(self, session: &Session) -> Outcome {
        self.chain
            .check()
            .map_err(|problem| Failure::new(Exit::Usage, problem))?;
        let genesis = self.chain.genesis()?.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "--genesis FILE is required; `blocklog genesis new` writes one",
            )
        })?;
        let journal = self.chain.open("blocklog")?;
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
            .inspect(&|_| false)
            .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        for notice in notices.into_iter().flatten() {
            eprintln!("warning: {}", escape::value(&notice.to_string()));
        }
        let id = genesis.chain_id().to_string();
        let value = json!({ "chainId": id, "journal": self.chain.journal.journal.to_string() });
        Ok(session.printer.value(
            &value,
            vec![
                ("chain id", id),
                ("journal", self.chain.journal.journal.to_string()),
            ],
        )?)
    }
}
