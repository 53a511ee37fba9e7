//! What became of a transaction, now or until the end.

use chain::Hash;
use proto::ledger::v1::{
    GetTransactionRequest, TransactionStatus, WatchTransactionRequest, transaction_status::State,
};
use proto::types::v1::Position;

use crate::answer;
use crate::chains::{self, Served};
use crate::commands::record;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{number, plain, time};
use crate::output::{Printer, Rows};
use crate::patience;

/// The status now.
pub async fn status(id: &str, connect: &Connect, printer: Printer) -> Outcome {
    let id = proto::wire::hash("id", id)?;
    let chain = chains::of_ledger(connect, printer).await?;
    let request = GetTransactionRequest { id: id.to_string() };
    let mut ledger = connect.ledger()?;
    let reply = ledger.get_transaction(request).await?.into_inner();
    let status = answer::part("status", reply.status.as_ref())?;
    answer::status(status, &id, &chain.id)?;
    Ok(printer.message(&reply, |_| rows(status))?)
}

/// Follows a transaction to its end; a refusal is a failure of the command.
pub async fn watch(id: &str, connect: &Connect, printer: Printer) -> Outcome {
    let id = proto::wire::hash("id", id)?;
    let chain = chains::of_ledger(connect, printer).await?;
    follow(id, None, &chain.id, Some(&chain), connect, printer).await
}

/// Follows a transaction that was just sent, and of which this command has told what it is.
pub async fn sent(
    id: Hash,
    position: Option<Position>,
    chain_id: &Hash,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    follow(id, position, chain_id, None, connect, printer).await
}

/// `unsure`: the ledger's chain, where it has not been compared with the one that the transaction was sent to.
async fn follow(
    id: Hash,
    position: Option<Position>,
    chain_id: &Hash,
    mut unsure: Option<&Served>,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let told: &[&str] = match unsure {
        None => &["id", "transaction", "nonce"],
        Some(_) => &[],
    };
    let request = WatchTransactionRequest {
        id: id.to_string(),
        position,
    };
    let spinner = printer.spinner("waiting for the ledger to see it");
    let mut ledger = connect.ledger()?;
    let watching = patience::call("the ledger", &spinner, async || {
        ledger.watch_transaction(request.clone()).await
    });
    let mut stream = watching.await?.into_inner();
    loop {
        let reply = tokio::select! {
            reply = stream.message() => reply?,
            _ = tokio::signal::ctrl_c() => {
                spinner.finish_and_clear();
                let advice = format!("no longer waiting; the transaction goes on: `blocklog tx watch {id}`");
                return Err(Failure::new(Exit::Other, advice));
            }
        };
        let Some(status) = reply.and_then(|reply| reply.status) else {
            let advice =
                format!("the ledger ended the stream; go on with `blocklog tx watch {id}`");
            return Err(Failure::new(Exit::Unavailable, advice));
        };
        answer::status(&status, &id, chain_id)?;
        match status.state() {
            State::Included | State::Rejected | State::Omitted => {
                spinner.finish_and_clear();
                return finish(&status, told, printer);
            }
            State::Unknown => {
                if let Some(ledger) = unsure.take() {
                    compare(ledger, connect).await?;
                }
            }
            _ => {}
        }
        spinner.set_message(waiting(&status));
    }
}

/// A transaction that the ledger does not know may be on the chain that ingest serves, where this ledger will never see it.
async fn compare(ledger: &Served, connect: &Connect) -> Outcome {
    let ingest = chains::glance_at_ingest(connect).await;
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

fn finish(status: &TransactionStatus, told: &[&str], printer: Printer) -> Outcome {
    printer.message(status, |status| {
        let rows = rows(status).into_iter();
        rows.filter(|(name, _)| !told.contains(name)).collect()
    })?;
    let verdict = status
        .record
        .as_ref()
        .map(|record| plain(record.verdict().as_str_name(), "VERDICT_"));
    match status.state() {
        State::Included => Ok(()),
        State::Omitted => Err(Failure::new(
            Exit::Rejected,
            "a block consumed its offset without it: see the audit; it is in no block, submit it again",
        )
        .reason("OMITTED")),
        _ => {
            let verdict = verdict.unwrap_or_default();
            let told = format!(
                "the chain refused the transaction, for good for these bytes; `blocklog explain {verdict}` says what to do"
            );
            Err(Failure::new(Exit::Rejected, told).reason(&verdict))
        }
    }
}

fn rows(status: &TransactionStatus) -> Rows {
    let mut rows = vec![("state", plain(status.state().as_str_name(), "STATE_"))];
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
