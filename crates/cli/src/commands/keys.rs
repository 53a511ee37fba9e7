//! `blocklog keys`.

use std::path::{Path, PathBuf};

use chain::Secret;
use rand::Rng as _;
use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::run::{Run, subcommands};
use crate::session::Session;

// Keys are PKCS#8 PEM files of mode 0600, as from `openssl genpkey -algorithm ed25519`.
subcommands! {
    /// Create or show keys
    pub enum Keys {
        New(New),
        Show(Show),
    }
}

/// Create a key; an existing file is never overwritten
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog keys new alice.pem")]
pub struct New {
    /// File to write
    file: PathBuf,
}

/// Show the account of a key
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog keys show alice.pem")]
pub struct Show {
    /// The key file
    file: PathBuf,
}

impl Run for New {
    async fn run(self, session: &Session) -> Outcome {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let secret = Secret::from_seed(seed);
        kit::keyfile::write_pem(&self.file, &secret.to_pem())
            .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        show(&secret, &self.file, session.printer)
    }
}

impl Run for Show {
    async fn run(self, session: &Session) -> Outcome {
        show(&read(&self.file)?, &self.file, session.printer)
    }
}

fn show(secret: &Secret, file: &Path, printer: Printer) -> Outcome {
    let (account, file) = (secret.account().to_string(), file.display().to_string());
    let value = json!({ "account": account, "file": file });
    Ok(printer.value(&value, vec![("account", account), ("file", file)])?)
}

/// Reads a key file.
pub fn read(file: &Path) -> Outcome<Secret> {
    let pem = kit::keyfile::read_pem(file).map_err(|error| {
        let advice = if file.exists() {
            ""
        } else {
            "; `blocklog keys new FILE` creates a key"
        };
        Failure::new(Exit::Usage, format!("{error}{advice}"))
    })?;
    Secret::from_pem(&pem)
        .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", file.display())))
}
