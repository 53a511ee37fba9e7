//! Records as files.

use std::fs;
use std::path::Path;

use chain::record::Judged;
use chain::{Genesis, Hash, Rules, Transaction};
use serde_json::json;

use super::draft;
use crate::chains;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::movement;
use crate::output::{Printer, Rows};

/// Reads a record.
pub fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {error}", file.display()),
        )
    })
}

/// Writes the record of a transaction.
pub async fn encode(
    args: &draft::Draft,
    out: &Path,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let chain = match args.chain.given()? {
        Some(id) => Some((id, id.to_string())),
        None if args.is_signed() => {
            let served = chains::agreed(None, false, connect, printer)
                .await
                .map_err(|mut failure| {
                    failure
                        .message
                        .push_str("; name the chain with --chain-id HASH or --genesis FILE");
                    failure
                })?;
            Some((served.id, format!("{} {}", served.name, served.id)))
        }
        // A name signs nothing.
        None => None,
    };
    let id = chain.as_ref().map_or(Hash::ZERO, |(id, _)| *id);
    let record = draft::sign(args, &id)?.encode();
    fs::write(out, &record).map_err(|error| {
        Failure::new(
            Exit::Other,
            format!("cannot write {}: {error}", out.display()),
        )
    })?;
    let value = json!({ "file": out.display().to_string(), "bytes": record.len(), "record": hex::encode(&record) });
    let rows = vec![
        ("file", out.display().to_string()),
        ("bytes", record.len().to_string()),
        ("chain", chain.map(|(_, named)| named).unwrap_or_default()),
    ];
    Ok(printer.value(&value, rows)?)
}

/// Says what a record holds. The signature is checked where the chain is known.
pub async fn decode(
    file: &Path,
    chain: &draft::ChainId,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let record = read(file)?;
    let Ok(transaction) = Transaction::decode(&record) else {
        let advice = format!(
            "{} holds no transaction in canonical protobuf ({} bytes)",
            file.display(),
            record.len()
        );
        return Err(Failure::new(Exit::Rejected, advice).reason("UNDECODABLE"));
    };
    let chain_id = match chain.given()? {
        Some(id) => Some(id),
        // If no ingest answers, what can be said without is said.
        None => chains::glance_at_ingest(connect)
            .await
            .map(|served| served.id),
    };
    let id = transaction.id(&chain_id.unwrap_or(Hash::ZERO));
    let mut wire = proto::wire::from_transaction(&transaction, &id);
    let fault = chain_id.and_then(|chain_id| {
        // Whether names are allowed is for the chain to say: here they are.
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
    });
    if chain_id.is_none() {
        wire.id = String::new();
    }
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
    Ok(printer.value(&value, rows)?)
}
