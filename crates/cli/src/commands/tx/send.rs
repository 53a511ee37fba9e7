//! Submission, and the wait for the block.

use bytes::Bytes;
use chain::Transaction;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};

use super::draft::Draft;
use super::watch;
use crate::answer;
use crate::chains::{self, Served};
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, position, time};
use crate::output::Rows;
use crate::patience;
use crate::run::Run;
use crate::session::Session;

/// Send a transaction and wait until it is in a block
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog tx send --from alice --to bob --amount 5\n  \
    blocklog tx send --key alice.pem --to bl1… --amount 5 --memo 'invoice 7'\n  \
    blocklog tx send --from alice --memo 'a note to nobody' --no-wait"
)]
pub struct Send {
    #[command(flatten)]
    draft: Draft,
    #[command(flatten)]
    to: Submission,
}

impl Run for Send {
    async fn run(self, session: &Session) -> Outcome {
        let given = self.draft.chain.given()?;
        let chain = chains::agreed(given, self.to.waits(), session).await?;
        let record = self.draft.sign(&chain.id)?.encode();
        submit(record, &chain, &self.to, session).await
    }
}

/// Options of a submission.
#[derive(Debug, clap::Args)]
pub struct Submission {
    /// Partition to append to [default: derived from the sender, always the same one]
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
    /// Do not wait for the block; the ledger may then be down
    #[arg(long)]
    no_wait: bool,
}

impl Submission {
    /// True if the command waits for the block, and so needs a ledger.
    pub fn waits(&self) -> bool {
        !self.no_wait
    }
}

/// Submits a record unchanged, to this chain only.
pub async fn submit(
    record: Bytes,
    chain: &Served,
    args: &Submission,
    session: &Session,
) -> Outcome {
    let sent = Transaction::decode(&record).ok();
    let request = SubmitTransactionRequest {
        content: Some(Content::Record(record)),
        partition: args.partition,
        chain_id: chain.id.to_string(),
    };
    let printer = session.printer;
    let spinner = printer.spinner("sending it");
    let mut ingest = session.ingest()?;
    let submitted = patience::call("ingest", &spinner, async || {
        ingest.submit_transaction(request.clone()).await
    });
    let reply = submitted.await?.into_inner();
    spinner.finish_and_clear();
    let transaction = reply.transaction.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Other,
            "ingest's reply has no transaction; do both run the same version?",
        )
    })?;
    let id = answer::hash("the id", &transaction.id)?;
    if sent.is_some_and(|sent| {
        proto::wire::from_transaction(&sent, sent.id(&chain.id)) != *transaction
    }) {
        return Err(answer::falsified(
            "ingest answered with another transaction than the one that was sent, which may be recorded or not",
        ));
    }
    if args.no_wait {
        return Ok(printer.message(&reply, |reply| rows(reply, chain))?);
    }
    if printer.is_human() {
        printer.message(&reply, |reply| rows(reply, chain))?;
    }
    watch::sent(id, reply.position, &chain.id, session).await
}

fn rows(reply: &SubmitTransactionResponse, chain: &Served) -> Rows {
    let transaction = reply.transaction.clone().unwrap_or_default();
    vec![
        ("chain", format!("{} {}", chain.name, chain.id)),
        ("id", transaction.id.clone()),
        ("transaction", movement(&transaction)),
        ("nonce", number(transaction.nonce)),
        ("position", position(reply.position.as_ref())),
        ("appended", time(reply.append_time.as_ref())),
    ]
}
