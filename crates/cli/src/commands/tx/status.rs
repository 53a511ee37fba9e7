//! `blocklog tx status`.

use proto::ledger::v1::{GetTransactionRequest, TransactionStatus};
use proto::text::Named as _;

use crate::answer;
use crate::chains;
use crate::commands::record;
use crate::exit::Outcome;
use crate::format::{number, time};
use crate::output::Rows;
use crate::run::Run;
use crate::session::Session;

/// Show the status of a transaction
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog tx status 5f3c…")]
pub struct Status {
    /// Id of the transaction
    id: String,
}

impl Run for Status {
    async fn run(self, session: &Session) -> Outcome {
        let id = proto::wire::hash("id", &self.id)?;
        let chain = chains::of_ledger(session).await?;
        let request = GetTransactionRequest { id: id.to_string() };
        let asked = session.ledger()?.get_transaction(request).await;
        let reply = asked?.into_inner();
        let status = answer::part("status", reply.status.as_ref())?;
        answer::status(status, &id, &chain.id)?;
        Ok(session.printer.message(&reply, |_| rows(status))?)
    }
}

/// Rows of a transaction, its record and its block.
pub fn rows(status: &TransactionStatus) -> Rows {
    let mut rows = vec![("state", status.state().code().to_owned())];
    rows.extend(status.record.iter().flat_map(record::rows));
    if let Some(block) = &status.block {
        rows.push(("block", block.hash.clone()));
        rows.push(("block height", number(block.height)));
        rows.push(("block time", time(block.timestamp.as_ref())));
        rows.push(("miner", block.miner.clone()));
    }
    rows.push(("trace", status.trace_id.clone()));
    rows
}
