//! What became of a transaction, now or until the end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use proto::ledger::v1::{
    GetTransactionRequest, TransactionStatus, WatchTransactionRequest, transaction_status::State,
};
use proto::types::v1::Position;

use crate::commands::record;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{number, plain, time};
use crate::output::{Printer, Rows};

/// The status now.
pub async fn status(id: String, connect: &Connect, printer: Printer) -> Outcome {
    let reply = connect
        .ledger()?
        .get_transaction(GetTransactionRequest { id })
        .await?
        .into_inner();
    let status = reply.status.clone().unwrap_or_default();
    Ok(printer.message(&reply, |_| rows(&status))?)
}

/// Follows a transaction to its end; a refusal is a failure of the command.
pub async fn watch(
    id: String,
    position: Option<Position>,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let request = WatchTransactionRequest {
        id: id.clone(),
        position,
    };
    let mut stream = connect
        .ledger()?
        .watch_transaction(request)
        .await?
        .into_inner();
    let spinner = spinner(printer);
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
        match status.state() {
            State::Included | State::Rejected | State::Omitted => {
                spinner.finish_and_clear();
                return finish(&status, printer);
            }
            _ => spinner.set_message(waiting(&status)),
        }
    }
}

/// Turns on the error stream, and only for people.
fn spinner(printer: Printer) -> ProgressBar {
    if !printer.is_human() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.set_style(
        ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
            .expect("the template is well-formed"),
    );
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner.set_message("waiting for the ledger to see it");
    spinner
}

fn waiting(status: &TransactionStatus) -> String {
    match status.record.as_ref().and_then(|record| record.queue_ahead) {
        Some(0) => "next in its partition, waiting for a block".to_owned(),
        Some(ahead) => format!("{ahead} records ahead of it"),
        None => "waiting for the ledger to see it".to_owned(),
    }
}

fn finish(status: &TransactionStatus, printer: Printer) -> Outcome {
    printer.message(status, rows)?;
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
        _ => Err(Failure::new(Exit::Rejected, "the chain refused the transaction; the refusal is final for these bytes")
            .reason(&verdict.unwrap_or_default())),
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
