//! `blocklog proof`: evidence that needs no trust in the service that gave it.

#[cfg(test)]
mod changes;
mod subject;
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chain::proof::{Error, Inclusion, Proven};
use chain::{Hash, header};
use clap::Subcommand;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{GetBlockRequest, GetInclusionProofRequest, InclusionProof};
use serde_json::json;

use crate::answer;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;
use crate::output::Printer;

/// Proof files are one `blocklog.ledger.v1.InclusionProof` in proto3 JSON.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Get a proof of what became of a transaction or a record
    #[command(
        after_help = "Examples:\n  blocklog proof get 5f3c… -o proof.json\n  blocklog proof get 0:17 -o proof.json --at-height 12\n  blocklog proof get 0:17 -o proof.json --tip 0000ab…\n  blocklog proof get leaf:3 -o allocation.json"
    )]
    Get {
        /// Transaction id, PARTITION:OFFSET, or leaf:INDEX
        #[arg(value_parser = subject::parse)]
        subject: Subject,
        /// Where to write it
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        against: Against,
    },
    /// Check a proof offline against a block hash that you trust
    #[command(
        after_help = "Examples:\n  blocklog proof verify proof.json --tip 0000ab…\n  blocklog proof verify proof.json --tip 0000ab… --expect 5f3c…"
    )]
    Verify {
        /// The proof
        file: PathBuf,
        /// The hash of the block that the proof is made for
        #[arg(long, value_name = "HASH")]
        tip: Hash,
        /// What it must be a proof of: transaction id, PARTITION:OFFSET, or leaf:INDEX
        #[arg(long, value_name = "SUBJECT", value_parser = subject::parse)]
        expect: Option<Subject>,
    },
}

/// The block that a proof is made for: the tip, if none is named.
#[derive(Debug, clap::Args)]
pub struct Against {
    /// Against the block of this height instead of the tip
    #[arg(long, value_name = "HEIGHT", conflicts_with = "tip")]
    at_height: Option<u64>,
    /// Against the block with this hash, which you trust
    #[arg(long, value_name = "HASH")]
    tip: Option<Hash>,
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::Get {
            subject,
            out,
            against,
        } => get(subject, &out, against, connect, printer).await,
        Command::Verify { file, tip, expect } => verify(&file, &tip, expect.as_ref(), printer),
    }
}

async fn get(
    subject: Subject,
    out: &Path,
    against: Against,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    // The block that is trusted is named by its hash, and asked for by its height.
    let at_height = match against.tip {
        Some(tip) => Some(block_of(&tip, connect).await?),
        None => against.at_height,
    };
    let request = GetInclusionProofRequest {
        subject: Some(subject.clone()),
        at_height,
    };
    let reply = connect
        .proofs()?
        .get_inclusion_proof(request)
        .await?
        .into_inner();
    let proof = answer::part("proof", reply.proof)?;
    let inclusion = translate(&proof)?;
    let header = answer::header(&proof.header)?;
    let tip = against.tip.unwrap_or_else(|| header.hash());
    let proven = inclusion.verify(&tip).map_err(failure)?;
    if at_height.is_some_and(|height| height != header.height) {
        return Err(about_another("a proof against another block was asked for"));
    }
    let chain_id = answer::hash("the chain id", &proof.chain_id)?;
    subject::expect(&subject, &proven, Some(&chain_id))?;
    let text = format!("{:#}\n", proto::json::to_value(&proof));
    file::replace(out, text.as_bytes())?;
    let said = Said {
        proven: &proven,
        chain_id: Some(chain_id),
        asked: Some(&subject),
        tip: &tip,
        trusted: against.tip.is_some(),
    };
    said.say(printer)
}

/// The height of a block that the ledger must show to be the one with this hash.
async fn block_of(tip: &Hash, connect: &Connect) -> Outcome<u64> {
    let id = Some(Id::Hash(tip.to_string()));
    let request = GetBlockRequest {
        id: id.clone(),
        ..Default::default()
    };
    let reply = connect.ledger()?.get_block(request).await?.into_inner();
    Ok(answer::asked_block(reply.block.as_ref(), id.as_ref())?.height)
}

fn verify(file: &Path, tip: &Hash, expect: Option<&Subject>, printer: Printer) -> Outcome {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {error}", file.display()),
        )
    })?;
    let proof: InclusionProof = proto::json::from_str(&text)
        .map_err(|error| unfit(&format!("{} is no proof file: {error}", file.display())))?;
    let proven = translate(&proof)?.verify(tip).map_err(failure)?;
    // A label that nothing depends on, but where an id is expected.
    let chain_id = proof.chain_id.parse().ok();
    if let Some(expect) = expect {
        subject::expect(expect, &proven, chain_id.as_ref())?;
    }
    let said = Said {
        proven: &proven,
        chain_id,
        asked: expect,
        tip,
        trusted: true,
    };
    said.say(printer)
}

/// A proof that is good, of something else.
fn about_another(problem: &str) -> Failure {
    let told = format!(
        "{problem}; what the proof shows instead is not told: get it again, from another ledger too"
    );
    Failure::new(Exit::DoesNotVerify, told).reason("OTHER_SUBJECT")
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

/// What is told of a proof that holds.
struct Said<'a> {
    proven: &'a Proven,
    /// As the proof names it.
    chain_id: Option<Hash>,
    /// What the caller wanted a proof of.
    asked: Option<&'a Subject>,
    tip: &'a Hash,
    /// Whether the caller gave the tip.
    trusted: bool,
}

impl Said<'_> {
    fn say(&self, printer: Printer) -> Outcome {
        let (height, tip) = (self.proven.header.height, self.tip);
        let (yes, mut no) = (told::proven(self.proven), told::not_proven(self.proven));
        let id = self.chain_id.and_then(|chain_id| {
            let transaction = self.proven.transaction.as_ref()?;
            Some((transaction.id(&chain_id), chain_id))
        });
        // An id that was asked for is that of one chain and transaction; any other hangs on the chain that the proof names.
        let is_bound = matches!(self.asked, Some(Subject::TransactionId(_)));
        if let (Some((_, chain_id)), false) = (id, is_bound) {
            no = format!(
                "{no}; that the chain is {chain_id}, as the proof says and the id supposes"
            );
        }
        let against = if self.trusted {
            format!("block {height} {tip}")
        } else {
            format!(
                "block {height} {tip}, a header that the ledger itself gave: pin one with --tip"
            )
        };
        let mut value = json!({
            "verified": true, "tip": tip.to_string(), "tipTrusted": self.trusted, "height": height,
            "leafIndex": self.proven.leaf_index, "proven": yes, "notProven": no,
        });
        if let Some((id, chain_id)) = id {
            value["id"] = json!(id.to_string());
            value["chainId"] = json!(chain_id.to_string());
        }
        let rows = vec![
            ("proven", yes),
            ("id", id.map(|(id, _)| id.to_string()).unwrap_or_default()),
            ("against", against),
            ("not proven", no),
        ];
        Ok(printer.value(&value, rows)?)
    }
}
