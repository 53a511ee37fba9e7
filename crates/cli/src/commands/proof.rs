//! `blocklog proof`: evidence that needs no trust in the service that gave it.

#[cfg(test)]
mod changes;
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chain::proof::{Error, Inclusion, Proven};
use chain::{Hash, header};
use clap::Subcommand;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{GetInclusionProofRequest, InclusionProof};
use serde_json::json;

use super::record;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

/// Proof files are one `blocklog.ledger.v1.InclusionProof` in proto3 JSON.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Get a proof of what became of a transaction or a record
    #[command(
        after_help = "Examples:\n  blocklog proof get 5f3c… -o proof.json\n  blocklog proof get 0:17 -o proof.json --at-height 12\n  blocklog proof get leaf:3 -o allocation.json"
    )]
    Get {
        /// Transaction id, PARTITION:OFFSET, or leaf:INDEX
        #[arg(value_parser = subject)]
        subject: Subject,
        /// Where to write it
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        /// Against the block of this height instead of the tip
        #[arg(long, value_name = "HEIGHT")]
        at_height: Option<u64>,
    },
    /// Check a proof offline against a block hash that you trust
    #[command(after_help = "Example:\n  blocklog proof verify proof.json --tip 0000ab…")]
    Verify {
        /// The proof
        file: PathBuf,
        /// The hash of the block that the proof is made for
        #[arg(long, value_name = "HASH")]
        tip: Hash,
    },
}

fn subject(text: &str) -> Result<Subject, String> {
    if let Some(index) = text.strip_prefix("leaf:") {
        return index
            .parse()
            .map(Subject::LeafIndex)
            .map_err(|error| format!("leaf index {index:?}: {error}"));
    }
    if text.contains(':') {
        return record::position(text).map(Subject::Position);
    }
    let id: Hash = text
        .parse()
        .map_err(|_| "write a transaction id of 64 hex digits, PARTITION:OFFSET or leaf:INDEX")?;
    Ok(Subject::TransactionId(id.to_string()))
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::Get {
            subject,
            out,
            at_height,
        } => get(subject, &out, at_height, connect, printer).await,
        Command::Verify { file, tip } => verify(&file, &tip, printer),
    }
}

async fn get(
    subject: Subject,
    out: &Path,
    at_height: Option<u64>,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let request = GetInclusionProofRequest {
        subject: Some(subject),
        at_height,
    };
    let reply = connect
        .proofs()?
        .get_inclusion_proof(request)
        .await?
        .into_inner();
    let proof = reply
        .proof
        .ok_or_else(|| Failure::new(Exit::Other, "the ledger answered without a proof"))?;
    let text = format!("{:#}\n", proto::json::to_value(&proof));
    fs::write(out, text).map_err(|error| {
        Failure::new(
            Exit::Other,
            format!("cannot write {}: {error}", out.display()),
        )
    })?;
    // A ledger that lies is told at once, against its own header.
    let inclusion = translate(&proof)?;
    let proven = inclusion
        .verify(&Hash::of(&inclusion.header))
        .map_err(failure)?;
    say(&proven, &Hash::of(&inclusion.header), printer)
}

fn verify(file: &Path, tip: &Hash, printer: Printer) -> Outcome {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {error}", file.display()),
        )
    })?;
    let proof: InclusionProof = proto::json::from_str(&text)
        .map_err(|error| unfit(&format!("{} is no proof file: {error}", file.display())))?;
    let proven = translate(&proof)?.verify(tip).map_err(failure)?;
    say(&proven, tip, printer)
}

/// From hex to bytes; what does not translate proves nothing.
pub fn translate(proof: &InclusionProof) -> Outcome<Inclusion> {
    let bytes = |field: &str, text: &str| {
        proto::wire::hex_bytes(field, text).map_err(|error| unfit(&error.to_string()))
    };
    let header: [u8; header::BYTES] = bytes("header", &proof.header)?
        .try_into()
        .map_err(|_| unfit("the header is not 156 bytes"))?;
    let path: Result<Vec<Hash>, _> = proof.path.iter().map(|text| text.parse()).collect();
    let record = bytes("record", &proof.record)?;
    Ok(Inclusion {
        header,
        leaf_index: proof
            .leaf_index
            .ok_or_else(|| unfit("the leaf index is missing"))?,
        leaf: bytes("leaf", &proof.leaf)?,
        path: path.map_err(|_| unfit("the path holds something that is no hash"))?,
        // Proto3 cannot tell an absent record from an empty one: the leaf does.
        record: (!record.is_empty()).then(|| Bytes::from(record)),
    })
}

fn unfit(problem: &str) -> Failure {
    Failure::new(Exit::DoesNotVerify, problem).reason("BAD_PROOF")
}

/// What a proof that fails is.
pub fn failure(error: Error) -> Failure {
    let reason = match error {
        Error::OtherHeader { .. } => "OTHER_HEADER",
        Error::BadPath => "BAD_PATH",
        Error::BadLeaf => "BAD_LEAF",
        Error::OtherRecord => "OTHER_RECORD",
    };
    Failure::new(Exit::DoesNotVerify, error.to_string()).reason(reason)
}

fn say(proven: &Proven, tip: &Hash, printer: Printer) -> Outcome {
    let (yes, no) = (told::proven(proven), told::not_proven(proven));
    let value = json!({
        "verified": true, "tip": tip.to_string(), "height": proven.header.height, "leafIndex": proven.leaf_index,
        "proven": yes, "notProven": no,
    });
    let rows = vec![
        ("proven", yes),
        ("against", format!("block {} {tip}", proven.header.height)),
        ("not proven", no),
    ];
    Ok(printer.value(&value, rows)?)
}
