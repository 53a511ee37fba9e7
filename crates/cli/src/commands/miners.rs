//! `blocklog miners`.

use proto::ledger::v1::ListMinersRequest;

use crate::exit::Outcome;
use crate::format::number;
use crate::run::Run;
use crate::session::{ALL, Session};

/// Miners, by blocks won
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog miners")]
pub struct Miners {}

impl Run for Miners {
    async fn run(self, session: &Session) -> Outcome {
        let request = ListMinersRequest::default();
        let miners = session.rows(request, ALL, |_| Ok(())).await?;
        let header = [
            "account",
            "blocks",
            "rewards",
            "first height",
            "last height",
        ];
        Ok(session.printer.table(&miners, &header, |miner| {
            vec![
                miner.account.clone(),
                number(miner.blocks),
                number(miner.rewards),
                number(miner.first_height),
                number(miner.last_height),
            ]
        })?)
    }
}
