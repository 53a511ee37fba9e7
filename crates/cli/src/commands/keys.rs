//! `blocklog keys`.

use std::path::PathBuf;

use chain::{Account, Secret};
use clap::Subcommand;
use rand::Rng as _;
use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

/// Keys are PKCS#8 PEM files of mode 0600, as `openssl genpkey -algorithm ed25519` makes them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key; an existing file is never overwritten
    #[command(after_help = "Example:\n  blocklog keys new alice.pem")]
    New {
        /// Where to write it
        file: PathBuf,
    },
    /// The account of a key
    #[command(after_help = "Example:\n  blocklog keys show alice.pem")]
    Show {
        /// The key file
        file: PathBuf,
    },
}

pub fn run(command: Command, printer: Printer) -> Outcome {
    let (file, secret) = match command {
        Command::New { file } => {
            let mut seed = [0; 32];
            rand::rng().fill_bytes(&mut seed);
            let secret = Secret::from_seed(seed);
            kit::keyfile::write_pem(&file, &secret.to_pem())
                .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
            (file, secret)
        }
        Command::Show { file } => {
            let secret = read(&file)?;
            (file, secret)
        }
    };
    let account: Account = secret.account();
    let value = json!({ "account": account.to_string(), "file": file.display().to_string() });
    Ok(printer.value(
        &value,
        vec![
            ("account", account.to_string()),
            ("file", file.display().to_string()),
        ],
    )?)
}

/// Reads a key file.
pub fn read(file: &std::path::Path) -> Outcome<Secret> {
    let pem = kit::keyfile::read_pem(file).map_err(|error| {
        let advice = if file.exists() {
            ""
        } else {
            "; `blocklog keys new FILE` makes a key"
        };
        Failure::new(Exit::Usage, format!("{error}{advice}"))
    })?;
    Secret::from_pem(&pem)
        .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", file.display())))
}
