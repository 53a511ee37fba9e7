//! `blocklog tx decode`.

use std::fs;
use std::path::PathBuf;

use chain::record::Judged;
use chain::{Genesis, Hash, Rules, Transaction};
use serde_json::json;

use super::draft::ChainId;
use crate::chains;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::unreadable;
use crate::format::movement;
use crate::output::Rows;
use crate::run::Run;
use crate::session::Session;

/// Decode a record, and show the rule that it breaks, if any
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog tx decode tx.bin --genesis genesis.json")]
pub struct Decode {
    /// File of the record
    file: PathBuf,
    #[command(flatten)]
    chain: ChainId,
}

impl Run for Decode {
    /// Decodes the record, and checks the signature if the chain is known.
    async fn run(self, session: &Session) -> Outcome {
        let record = fs::read(&self.file).map_err(|error| unreadable(&self.file, &error))?;
        let Ok(transaction) = Transaction::decode(&record) else {
            let advice = format!(
                "{} holds no transaction in canonical protobuf ({} bytes)",
                self.file.display(),
                record.len()
            );
            return Err(Failure::new(Exit::Rejected, advice).reason("UNDECODABLE"));
        };
        let chain_id = match self.chain.given()? {
            Some(id) => Some(id),
            // If no ingest answers, the id and the signature stay unchecked.
            None => chains::probe_ingest(session).await.map(|served| served.id),
        };
        let id = chain_id.and_then(|chain_id| transaction.id(&chain_id));
        let wire = proto::wire::from_transaction(&transaction, id);
        let fault = chain_id.and_then(|chain_id| fault(record, chain_id));
        let rows: Rows = vec![
            ("id", wire.id.clone()),
            ("transaction", movement(&wire)),
            ("sender", wire.sender.clone()),
            ("recipient", wire.recipient.clone()),
            ("nonce", transaction.nonce.to_string()),
            ("valid until", transaction.valid_until.to_string()),
            ("signature", wire.signature.clone()),
            ("would fail as", fault.unwrap_or_default().to_owned()),
            (
                "unchecked",
                if chain_id.is_none() {
                    "id and signature: name the chain with --chain-id or --genesis"
                } else {
                    ""
                }
                .to_owned(),
            ),
        ];
        let value = json!({ "transaction": proto::json::to_value(&wire), "wouldFail": fault });
        Ok(session.printer.value(&value, rows)?)
    }
}

/// The verdict that refuses the record in any state of the chain.
fn fault(record: Vec<u8>, chain_id: Hash) -> Option<&'static str> {
    // The chain decides whether names are allowed; here they are.
    let rules = Rules {
        chain_id,
        genesis: Genesis {
            open: true,
            ..Genesis::default()
        },
    };
    match chain::record::check(record.into(), &rules).judged() {
        Judged::Good(_) => None,
        Judged::Refused(verdict) => Some(verdict.code()),
    }
}
