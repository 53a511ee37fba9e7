//! `blocklog tx watch`, and the wait after a submission.

use chain::Hash;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::{TransactionStatus, WatchTransactionRequest};
use proto::text::Named as _;
use proto::types::v1::Position;

use super::status::rows;
use crate::answer;
use crate::chains::{self, Served};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::patience;
use crate::run::Run;
use crate::session::Session;

/// Follow a transaction until it is in a block or refused
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog tx watch 5f3c…")]
pub struct Watch {
    /// Id of the transaction
    id: String,
}

impl Run for Watch {
    async fn run(self, session: &Session) -> Outcome {
        let id = proto::wire::hash("id", &self.id)?;
        let chain = chains::of_ledger(session).await?;
        follow(id, None, &chain.id, Some(&chain), session).await
    }
}

/// Follows a transaction that this command has sent and shown.
pub async fn sent(
    id: Hash,
    position: Option<Position>,
    chain_id: &Hash,
    session: &Session,
) -> Outcome {
    follow(id, position, chain_id, None, session).await
}

/// Follows a transaction. `unsure`: the ledger's chain, if it has not yet been compared with that of the transaction.
async fn follow(
    id: Hash,
    position: Option<Position>,
    chain_id: &Hash,
    mut unsure: Option<&Served>,
    session: &Session,
) -> Outcome {
    let shown: &[&str] = match unsure {
        None => &["id", "transaction", "nonce"],
        Some(_) => &[],
    };
    let request = WatchTransactionRequest {
        id: id.to_string(),
        position,
    };
    let spinner = session.printer.spinner("waiting for the ledger to see it");
    let mut ledger = session.ledger()?;
    let watching = patience::call("the ledger", &spinner, async || {
        ledger.watch_transaction(request.clone()).await
    });
    let mut stream = watching.await?.into_inner();
    loop {
        let reply = tokio::select! {
            reply = stream.message() => reply?,
            _ = tokio::signal::ctrl_c() => {
                spinner.finish_and_clear();
                let advice = format!("no longer waiting; the transaction is not affected: `blocklog tx watch {id}`");
                return Err(Failure::new(Exit::Other, advice));
            }
        };
        let Some(status) = reply.and_then(|reply| reply.status) else {
            let advice =
                format!("the ledger ended the stream; continue with `blocklog tx watch {id}`");
            return Err(Failure::new(Exit::Unavailable, advice));
        };
        answer::status(&status, &id, chain_id)?;
        match status.state() {
            State::Included | State::Rejected | State::Omitted => {
                spinner.finish_and_clear();
                return finish(&status, shown, session.printer);
            }
            State::Unknown => {
                if let Some(ledger) = unsure.take() {
                    compare(ledger, session).await?;
                }
            }
            _ => {}
        }
        spinner.set_message(waiting(&status));
    }
}

/// Compares the chains: an unknown transaction may be on the chain of ingest, which this ledger will never see.
async fn compare(ledger: &Served, session: &Session) -> Outcome {
    let ingest = chains::probe_ingest(session).await;
    let served: Vec<Served> = ingest.into_iter().chain([ledger.clone()]).collect();
    chains::expect_one(&served)
}

fn waiting(status: &TransactionStatus) -> String {
    match status.record.as_ref().and_then(|record| record.queue_ahead) {
        Some(0) => "next in its partition, waiting for a block".to_owned(),
        Some(ahead) => format!("{ahead} records ahead of it"),
        None => "waiting for the ledger to see it".to_owned(),
    }
}

fn finish(status: &TransactionStatus, shown: &[&str], printer: Printer) -> Outcome {
    printer.message(status, |status| {
        let rows = rows(status).into_iter();
        rows.filter(|(name, _)| !shown.contains(name)).collect()
    })?;
    match status.state() {
        State::Included => Ok(()),
        State::Omitted => Err(Failure::new(
            Exit::Rejected,
            "a block consumed its offset without it: see the audit; it is in no block, submit it again",
        )
        .reason("OMITTED")),
        _ => {
            let verdict = status.record.as_ref().map_or("", |record| record.verdict().code());
            let message = format!(
                "the chain refused the transaction, which is final for these bytes; `blocklog explain {verdict}` has advice"
            );
            Err(Failure::new(Exit::Rejected, message).reason(verdict))
        }
    }
}
