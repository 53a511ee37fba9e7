//! `blocklog record`.

use proto::ledger::v1::{self as ledger, GetRecordRequest};
use proto::text::Named as _;
use proto::types::v1::{Position, Verdict};

use crate::answer;
use crate::exit::Outcome;
use crate::format::{self, number};
use crate::output::Rows;
use crate::run::{Run, subcommands};
use crate::session::Session;

subcommands! {
    /// One offset of the transactions topic
    pub enum Record {
        Get(Get),
    }
}

/// Show the record and verdict of one offset, even if it is garbage
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog record get 0:17")]
pub struct Get {
    /// PARTITION:OFFSET
    #[arg(value_parser = format::parse_position)]
    position: Position,
}

impl Run for Get {
    async fn run(self, session: &Session) -> Outcome {
        let request = GetRecordRequest {
            position: Some(self.position),
            // Also for human output: the other fields are checked against the bytes.
            with_raw: true,
        };
        let reply = session.ledger()?.get_record(request).await?.into_inner();
        let rows = rows(answer::record(reply.record.as_ref(), &self.position)?);
        Ok(session.printer.message(&reply, |_| rows)?)
    }
}

/// Content and status of a record.
pub fn rows(record: &ledger::Record) -> Rows {
    let transaction = record.transaction.clone().unwrap_or_default();
    vec![
        ("position", format::position(record.position.as_ref())),
        ("verdict", record.verdict().code().to_owned()),
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
