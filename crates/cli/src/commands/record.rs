//! `blocklog record`.

use clap::Subcommand;
use proto::ledger::v1::{GetRecordRequest, Record};
use proto::types::v1::{Position, Verdict};

use crate::answer;
use crate::connect::Connect;
use crate::exit::Outcome;
use crate::format::{self, number, plain};
use crate::output::{Printer, Rows};

/// Asks the ledger about single records.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What became of one offset, garbage too
    #[command(after_help = "Example:\n  blocklog record get 0:17")]
    Get {
        /// PARTITION:OFFSET
        #[arg(value_parser = position)]
        position: Position,
    },
}

/// `P:O` as a position.
pub fn position(text: &str) -> Result<Position, String> {
    let wrong = || format!("{text:?} is not PARTITION:OFFSET, such as 0:17");
    let (partition, offset) = text.split_once(':').ok_or_else(wrong)?;
    Ok(Position {
        partition: Some(partition.parse().map_err(|_| wrong())?),
        offset: Some(offset.parse().map_err(|_| wrong())?),
    })
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    let Command::Get { position } = command;
    let request = GetRecordRequest {
        position: Some(position),
        // For people too: the rest is held against it.
        with_raw: true,
    };
    let reply = connect.ledger()?.get_record(request).await?.into_inner();
    let rows = rows(answer::record(reply.record.as_ref(), &position)?);
    Ok(printer.message(&reply, |_| rows)?)
}

/// What a record is and what became of it.
pub fn rows(record: &Record) -> Rows {
    let transaction = record.transaction.clone().unwrap_or_default();
    vec![
        ("position", format::position(record.position.as_ref())),
        ("verdict", plain(record.verdict().as_str_name(), "VERDICT_")),
        ("height", number(record.height)),
        ("leaf", number(record.leaf_index)),
        (
            "queue ahead",
            if record.verdict() == Verdict::Pending {
                number(record.queue_ahead)
            } else {
                String::new()
            },
        ),
        ("id", transaction.id.clone()),
        (
            "transaction",
            if record.transaction.is_some() {
                format::movement(&transaction)
            } else {
                String::new()
            },
        ),
        ("nonce", number(transaction.nonce)),
        ("record hash", record.record_hash.clone()),
        ("appended", format::time(record.append_time.as_ref())),
    ]
}
