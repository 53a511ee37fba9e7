//! `blocklog tip`: 32 bytes to keep, and the question whether the chain still extends them.

use std::fs;
use std::path::{Path, PathBuf};

use chain::{Header, header, log};
use clap::Subcommand;
use proto::ledger::v1::{GetBlockRequest, GetConsistencyProofRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

/// Whoever keeps a tip outside notices every later rewrite of the chain below it.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the present tip to a file
    #[command(after_help = "Example:\n  blocklog tip save tip.json")]
    Save {
        /// Where to write it; an older tip in the same file is checked first
        file: PathBuf,
    },
    /// Does the chain still extend the tip in the file?
    #[command(after_help = "Example:\n  blocklog tip check tip.json")]
    Check {
        /// A file that `tip save` wrote
        file: PathBuf,
    },
}

/// What is kept: the header, whose hash is the tip.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Saved {
    chain_id: String,
    height: u64,
    hash: String,
    header: String,
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::Save { file } => save(&file, connect, printer).await,
        Command::Check { file } => check(&read(&file)?, connect, printer).await,
    }
}

async fn save(file: &Path, connect: &Connect, printer: Printer) -> Outcome {
    if file.exists() {
        check(&read(file)?, connect, printer).await?;
    }
    let mut ledger = connect.ledger()?;
    let info = ledger
        .get_ledger_info(proto::ledger::v1::GetLedgerInfoRequest {})
        .await?
        .into_inner();
    let block = ledger
        .get_block(GetBlockRequest::default())
        .await?
        .into_inner()
        .block
        .unwrap_or_default();
    let saved = Saved {
        chain_id: info.chain_id,
        height: block.height.unwrap_or_default(),
        hash: block.hash,
        header: block.header,
    };
    headed(&saved)?;
    let text =
        serde_json::to_string_pretty(&saved).expect("texts and numbers have a JSON form") + "\n";
    fs::write(file, text).map_err(|error| {
        Failure::new(
            Exit::Other,
            format!("cannot write {}: {error}", file.display()),
        )
    })?;
    let rows = vec![
        ("saved", file.display().to_string()),
        ("height", saved.height.to_string()),
        ("tip", saved.hash.clone()),
    ];
    Ok(printer.value(&json!(saved), rows)?)
}

fn read(file: &Path) -> Outcome<Saved> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {error}", file.display()),
        )
    })?;
    let saved: Saved = serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("{} is no saved tip: {error}", file.display()),
        )
    })?;
    headed(&saved)?;
    Ok(saved)
}

/// The header of a saved tip, which must have its hash.
fn headed(saved: &Saved) -> Outcome<Header> {
    let header = header_of(&saved.header)?;
    if header.hash().to_string() != saved.hash || header.height != saved.height {
        return Err(broken(
            "the saved tip does not fit its own header; the file was changed",
        ));
    }
    Ok(header)
}

fn header_of(hex: &str) -> Outcome<Header> {
    let bytes: [u8; header::BYTES] = proto::wire::hex_bytes("header", hex)?
        .try_into()
        .map_err(|_| Failure::new(Exit::DoesNotVerify, "a header is not 156 bytes"))?;
    Ok(Header::from_bytes(&bytes))
}

fn broken(problem: &str) -> Failure {
    Failure::new(Exit::DoesNotVerify, problem).reason("NOT_EXTENDED")
}

async fn check(saved: &Saved, connect: &Connect, printer: Printer) -> Outcome {
    let then = headed(saved)?;
    let request = GetConsistencyProofRequest {
        from_height: saved.height,
        to_height: None,
    };
    let proof = connect
        .proofs()?
        .get_consistency_proof(request)
        .await?
        .into_inner();
    if proof.from_header != saved.header {
        return Err(broken(&format!(
            "block {} is no longer the one that was saved ({}): the chain was rewritten",
            saved.height, saved.hash
        )));
    }
    let now = header_of(&proof.to_header)?;
    let path: Result<Vec<chain::Hash>, _> = proof
        .path
        .iter()
        .map(|text| proto::wire::hash("path", text))
        .collect();
    if !log::verify_consistency(
        then.log_size,
        now.log_size,
        &then.log_root,
        &now.log_root,
        &path?,
    ) {
        return Err(broken(
            "the log of the present tip does not extend the log of the saved one",
        ));
    }
    let value = json!({
        "extended": true, "fromHeight": saved.height, "toHeight": now.height, "tip": now.hash().to_string(),
        "logSize": now.log_size,
    });
    let rows = vec![
        (
            "extended",
            format!(
                "the log of block {} ({} leaves) is the beginning of the log of block {} ({} leaves)",
                saved.height, then.log_size, now.height, now.log_size
            ),
        ),
        ("tip", now.hash().to_string()),
        (
            "not checked",
            "the blocks between, their work and signatures: `blocklog verify --tip` does".into(),
        ),
    ];
    Ok(printer.value(&value, rows)?)
}
