//! `blocklog tx encode`.

use std::fs;
use std::path::PathBuf;

use chain::Hash;
use serde_json::json;

use super::draft::Draft;
use crate::chains;
use crate::exit::Outcome;
use crate::file::unwritable;
use crate::run::Run;
use crate::session::Session;

/// Write a transaction as a record for `kcat -P`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog tx encode --from alice --to bob --amount 5 -o tx.bin\n  \
    kcat -P -b 127.0.0.1:9092 -t transactions -p 0 tx.bin"
)]
pub struct Encode {
    #[command(flatten)]
    draft: Draft,
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

impl Run for Encode {
    async fn run(self, session: &Session) -> Outcome {
        let chain = match self.draft.chain.given()? {
            Some(id) => Some((id, id.to_string())),
            None if self.draft.is_signed() => {
                let served =
                    chains::agreed(None, false, session)
                        .await
                        .map_err(|mut failure| {
                            failure.message.push_str(
                                "; name the chain with --chain-id HASH or --genesis FILE",
                            );
                            failure
                        })?;
                Some((served.id, format!("{} {}", served.name, served.id)))
            }
            // A named account does not sign.
            None => None,
        };
        let id = chain.as_ref().map_or(Hash::ZERO, |(id, _)| *id);
        let record = self.draft.sign(&id)?.encode();
        fs::write(&self.out, &record).map_err(|error| unwritable(&self.out, &error, ""))?;
        let value = json!({ "file": self.out.display().to_string(), "bytes": record.len(), "record": hex::encode(&record) });
        let rows = vec![
            ("file", self.out.display().to_string()),
            ("bytes", record.len().to_string()),
            ("chain", chain.map(|(_, named)| named).unwrap_or_default()),
        ];
        Ok(session.printer.value(&value, rows)?)
    }
}
