//! `blocklog block get`.

use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{Block, GetBlockRequest, GetBlockResponse};
use proto::text::Named as _;

use crate::answer;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, position, time};
use crate::output::{Printer, Rows};
use crate::run::Run;
use crate::session::Session;

/// One block with its records
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog block get 12\n  blocklog block get --output json | jq .block.header"
)]
pub struct Get {
    /// Height or hash [default: the tip]
    block: Option<String>,
    /// Include the bytes of the record on the blockchain topic (JSON only)
    #[arg(long)]
    raw: bool,
}

impl Run for Get {
    async fn run(self, session: &Session) -> Outcome {
        let id = match self.block {
            None => None,
            Some(text) if text.len() == 64 => Some(Id::Hash(text)),
            Some(text) => Some(Id::Height(text.parse().map_err(|_| {
                Failure::new(
                    Exit::Usage,
                    format!("{text:?} is neither a height nor a hash of 64 hex digits"),
                )
            })?)),
        };
        let request = GetBlockRequest {
            id: id.clone(),
            with_records: true,
            with_raw: self.raw,
        };
        let reply = session.ledger()?.get_block(request).await?.into_inner();
        answer::asked_block(reply.block.as_ref(), id.as_ref())?;
        let printer = session.printer;
        printer.message(&reply, rows)?;
        if let (true, Some(block)) = (printer.is_human(), &reply.block) {
            records(block, printer)?;
        }
        Ok(())
    }
}

fn rows(reply: &GetBlockResponse) -> Rows {
    let block = reply.block.clone().unwrap_or_default();
    vec![
        ("height", number(block.height)),
        ("hash", block.hash),
        ("previous", block.previous_hash),
        ("time", time(block.timestamp.as_ref())),
        ("partition", number(block.partition)),
        (
            "offsets",
            format!("{}..{}", number(block.from_offset), number(block.to_offset)),
        ),
        ("miner", block.miner),
        ("reward", number(block.reward)),
        ("bits", block.bits),
        ("nonce", number(block.nonce)),
        ("log root", block.log_root),
        ("log size", number(block.log_size)),
        ("included", number(block.included)),
        ("refused", number(block.rejected)),
        ("void offsets", number(block.void_offsets)),
        ("size", format!("{} bytes", number(block.size_bytes))),
        ("topic offset", number(block.topic_offset)),
    ]
}

fn records(block: &Block, printer: Printer) -> Outcome {
    let header = ["record", "verdict", "transaction", "id"];
    Ok(printer.table(&block.records, &header, |record| {
        let transaction = record.transaction.clone().unwrap_or_default();
        vec![
            position(record.position.as_ref()),
            record.verdict().code().to_owned(),
            if record.transaction.is_some() {
                movement(&transaction)
            } else {
                String::new()
            },
            transaction.id,
        ]
    })?)
}
