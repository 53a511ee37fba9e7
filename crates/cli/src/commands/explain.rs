//! `blocklog explain`: every verdict, block rule and error reason: what it means, who must act, what to do.

mod own;
mod table;

use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use table::{Entry, all};

/// One code, or all of them.
pub fn run(code: Option<&str>, printer: Printer) -> Outcome {
    let Some(code) = code else {
        for entry in all() {
            print(&entry, printer)?;
        }
        return Ok(());
    };
    let code = code.to_ascii_uppercase().replace('-', "_");
    let found: Vec<Entry> = all()
        .into_iter()
        .filter(|entry| entry.code == code)
        .collect();
    if found.is_empty() {
        let unknown = format!("there is no code {code:?}; `blocklog explain` lists them all");
        return Err(Failure::new(Exit::NotFound, unknown));
    }
    found.iter().try_for_each(|entry| print(entry, printer))
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
