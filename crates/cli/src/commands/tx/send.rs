//! Submission, and the wait for the block.

use bytes::Bytes;
use chain::Transaction;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};

use super::watch;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, position, time};
use crate::output::{Printer, Rows};
use crate::patience;

/// How to submit.
#[derive(Debug, clap::Args)]
pub struct Submission {
    /// Partition to append it to [default: chosen by the sender, always the same one]
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
    /// Do not wait for the block
    #[arg(long)]
    no_wait: bool,
}

/// Submits a transaction made here.
pub async fn send(
    transaction: &Transaction,
    args: &Submission,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    submit(transaction.encode(), args, connect, printer).await
}

/// Submits a record as it is.
pub async fn submit(
    record: Bytes,
    args: &Submission,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let request = SubmitTransactionRequest {
        content: Some(Content::Record(record)),
        partition: args.partition,
        chain_id: String::new(),
    };
    let spinner = printer.spinner("sending it");
    let mut ingest = connect.ingest()?;
    let submitted = patience::call("ingest", &spinner, async || {
        ingest.submit_transaction(request.clone()).await
    });
    let reply = submitted.await?.into_inner();
    spinner.finish_and_clear();
    let transaction = reply.transaction.clone().ok_or_else(|| {
        Failure::new(
            Exit::Other,
            "ingest answered without the transaction; is it of this version?",
        )
    })?;
    if args.no_wait {
        return Ok(printer.message(&reply, rows)?);
    }
    if printer.is_human() {
        printer.message(&reply, rows)?;
    }
    watch::watch(transaction.id, reply.position, connect, printer).await
}

fn rows(reply: &SubmitTransactionResponse) -> Rows {
    let transaction = reply.transaction.clone().unwrap_or_default();
    vec![
        ("id", transaction.id.clone()),
        ("transaction", movement(&transaction)),
        ("nonce", number(transaction.nonce)),
        ("position", position(reply.position.as_ref())),
        ("appended", time(reply.append_time.as_ref())),
    ]
}
