//! `blocklog proof`: evidence that needs no trust in the service that gave it.

mod shown;
mod subject;

use std::fs;
use std::path::PathBuf;

use chain::Hash;
use chain::proof::Proven;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{GetInclusionProofRequest, InclusionProof};
use serde_json::json;

use crate::answer;
use crate::exit::Outcome;
use crate::file::{self, unreadable};
use crate::inclusion::{translate, unfit};
use crate::output::Printer;
use crate::run::{Run, subcommands};
use crate::session::Session;

// Proof files are one `blocklog.ledger.v1.InclusionProof` in proto3 JSON.
subcommands! {
    /// Get and check evidence that needs no trust in the service that gave it
    pub enum Proof {
        Get(Get),
        Verify(Verify),
    }
}

/// Get a proof of the verdict on a transaction or a record
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog proof get 5f3c… -o proof.json\n  blocklog proof get 0:17 -o proof.json --at-height 12\n  blocklog proof get 0:17 -o proof.json --tip 0000ab…\n  blocklog proof get leaf:3 -o allocation.json"
)]
pub struct Get {
    /// Transaction id, PARTITION:OFFSET, or leaf:INDEX
    #[arg(value_parser = subject::parse)]
    subject: Subject,
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Prove against the block of this height instead of the tip
    #[arg(long, value_name = "HEIGHT", conflicts_with = "tip")]
    at_height: Option<u64>,
    /// Prove against the block with this hash, which you trust
    #[arg(long, value_name = "HASH")]
    tip: Option<Hash>,
}

/// Check a proof offline against a block hash that you trust
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog proof verify proof.json --tip 0000ab…\n  blocklog proof verify proof.json --tip 0000ab… --expect 5f3c…"
)]
pub struct Verify {
    /// The proof file
    file: PathBuf,
    /// Hash of the block that the proof is for
    #[arg(long, value_name = "HASH")]
    tip: Hash,
    /// Required subject of the proof: transaction id, PARTITION:OFFSET, or leaf:INDEX
    #[arg(long, value_name = "SUBJECT", value_parser = subject::parse)]
    expect: Option<Subject>,
}

impl Run for Get {
    async fn run(self, session: &Session) -> Outcome {
        // The trusted block is given by its hash, but requested by its height.
        let at_height = match self.tip {
            Some(tip) => Some(
                session
                    .header(Some(Id::Hash(tip.to_string())))
                    .await?
                    .height,
            ),
            None => self.at_height,
        };
        let request = GetInclusionProofRequest {
            subject: Some(self.subject.clone()),
            at_height,
        };
        let asked = session.proofs()?.get_inclusion_proof(request).await;
        let proof = answer::part("proof", asked?.into_inner().proof)?;
        let inclusion = translate(&proof)?;
        let header = answer::header(&proof.header)?;
        let tip = self.tip.unwrap_or_else(|| header.hash());
        let proven = inclusion.verify(&tip)?;
        if at_height.is_some_and(|height| height != header.height) {
            let problem = "a proof against another block was asked for";
            return Err(subject::about_another(problem));
        }
        let chain_id = answer::hash("the chain id", &proof.chain_id)?;
        subject::expect(&self.subject, &proven, Some(&chain_id))?;
        let text = format!("{:#}\n", proto::json::to_value(&proof));
        file::replace(&self.out, text.as_bytes())?;
        let shown = Shown {
            proven: &proven,
            chain_id: Some(chain_id),
            asked: Some(&self.subject),
            tip: &tip,
            trusted: self.tip.is_some(),
        };
        shown.print(session.printer)
    }
}

impl Run for Verify {
    async fn run(self, session: &Session) -> Outcome {
        let file = &self.file;
        let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let proof: InclusionProof = proto::json::from_str(&text)
            .map_err(|error| unfit(&format!("{} is no proof file: {error}", file.display())))?;
        let proven = translate(&proof)?.verify(&self.tip)?;
        // Only a label, except that an expected id depends on it.
        let chain_id = proof.chain_id.parse().ok();
        if let Some(expect) = &self.expect {
            subject::expect(expect, &proven, chain_id.as_ref())?;
        }
        let shown = Shown {
            proven: &proven,
            chain_id,
            asked: self.expect.as_ref(),
            tip: &self.tip,
            trusted: true,
        };
        shown.print(session.printer)
    }
}

/// A valid proof.
struct Shown<'a> {
    proven: &'a Proven,
    /// Chain id from the proof.
    chain_id: Option<Hash>,
    /// The expected subject.
    asked: Option<&'a Subject>,
    tip: &'a Hash,
    /// True if the caller gave the tip.
    trusted: bool,
}

impl Shown<'_> {
    fn print(&self, printer: Printer) -> Outcome {
        let (height, tip) = (self.proven.header.height, self.tip);
        let (yes, mut no) = (shown::proven(self.proven), shown::not_proven(self.proven));
        let id = self.chain_id.and_then(|chain_id| {
            let transaction = self.proven.transaction.as_ref()?;
            Some((transaction.id(&chain_id)?, chain_id))
        });
        // An expected id is bound to one chain and transaction; any other depends on the chain id in the proof.
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
