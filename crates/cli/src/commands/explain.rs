//! `blocklog explain`: the meaning of every verdict, block rule and error reason, who must act, and what to do.

mod codes;

use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::run::Run;
use crate::session::Session;
use codes::{Entry, all};

/// Explain a verdict, a block rule or the reason of an error: its meaning, who must act, and what to do
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog explain NONCE_TOO_LOW\n  blocklog explain --output json"
)]
pub struct Explain {
    /// The code [default: all of them]
    code: Option<String>,
}

impl Run for Explain {
    async fn run(self, session: &Session) -> Outcome {
        let mut found = all();
        if let Some(code) = self.code {
            let code = code.to_ascii_uppercase().replace('-', "_");
            found.retain(|entry| entry.code == code);
            if found.is_empty() {
                let unknown =
                    format!("there is no code {code:?}; `blocklog explain` lists them all");
                return Err(Failure::new(Exit::NotFound, unknown));
            }
        }
        found
            .iter()
            .try_for_each(|entry| print(entry, session.printer))
    }
}

fn print(entry: &Entry, printer: Printer) -> Outcome {
    let value = json!({ "code": entry.code, "kind": entry.kind, "meaning": entry.meaning, "who": entry.who, "do": entry.action });
    if printer.is_human() {
        printer.line(&format!(
            "{} ({})\n  {}\n  {}: {}",
            entry.code, entry.kind, entry.meaning, entry.who, entry.action
        ))?;
        return Ok(());
    }
    Ok(printer.line(&value.to_string())?)
}
