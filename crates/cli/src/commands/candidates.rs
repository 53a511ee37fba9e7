//! `blocklog candidates`.

use proto::ledger::v1::ListCandidatesRequest;

use crate::exit::Outcome;
use crate::format::{number, short, time};
use crate::run::Run;
use crate::session::Session;

/// Candidates that did not become blocks: lost races and invalid ones
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog candidates --output json | jq 'select(.reason != \"STALE\")'"
)]
pub struct Candidates {
    /// Number of candidates
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl Run for Candidates {
    async fn run(self, session: &Session) -> Outcome {
        let request = ListCandidatesRequest::default();
        let candidates = session.rows(request, self.limit, |_| Ok(())).await?;
        let header = [
            "offset",
            "reason",
            "height",
            "hash",
            "miner (claimed)",
            "appended",
        ];
        Ok(session.printer.table(&candidates, &header, |candidate| {
            vec![
                number(candidate.topic_offset),
                candidate.reason.clone(),
                number(candidate.height),
                candidate.hash.clone(),
                short(&candidate.miner),
                time(candidate.append_time.as_ref()),
            ]
        })?)
    }
}
