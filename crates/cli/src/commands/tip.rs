//! `blocklog tip`: saves a tip of 32 bytes, and checks that the chain still extends it.

use std::fs;
use std::path::{Path, PathBuf};

use chain::{Hash, Header, log, work};
use proto::ledger::v1::GetConsistencyProofRequest;
use proto::ledger::v1::get_block_request::Id;
use proto::reason::{HEIGHT_ABOVE_TIP, WRONG_CHAIN};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tonic::{Code, Status};

use crate::answer;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::{self, unreadable};
use crate::output::Rows;
use crate::run::{Run, subcommands};
use crate::session::Session;

// A tip kept elsewhere reveals every later rewrite of the chain below it.
subcommands! {
    /// Save a tip, and check later that the chain still extends it
    pub enum Tip {
        Save(Save),
        Check(Check),
    }
}

/// Save the present tip to a file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog tip save tip.json\n  blocklog tip save tip.json --tip 0000ab…"
)]
pub struct Save {
    /// File to write; the present tip must extend an older one in the same file
    file: PathBuf,
    /// At first use, hash of a block that you trust, which the present tip must extend
    #[arg(long, value_name = "HASH")]
    tip: Option<Hash>,
}

/// Check that the chain still extends the tip in a file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog tip check tip.json")]
pub struct Check {
    /// A file written by `tip save`
    file: PathBuf,
}

/// The content of the file: the header, whose hash is the tip.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Saved {
    chain_id: String,
    height: u64,
    hash: String,
    header: String,
}

impl Run for Save {
    async fn run(self, session: &Session) -> Outcome {
        save(&self.file, self.tip, session).await
    }
}

impl Run for Check {
    async fn run(self, session: &Session) -> Outcome {
        let checked = of_saved(&read(&self.file)?, session).await?;
        Ok(session.printer.value(&checked.value(), checked.rows())?)
    }
}

/// Writes the header that the proof leads to, not the reply to a later request.
async fn save(file: &Path, tip: Option<Hash>, session: &Session) -> Outcome {
    let checked = if file.exists() {
        if tip.is_some() {
            let message = format!(
                "{} holds a tip already, which the new one must extend: leave --tip out, or name another file",
                file.display()
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        of_saved(&read(file)?, session).await?
    } else {
        of_block(tip, session).await?
    };
    let saved = Saved {
        chain_id: checked.chain_id.to_string(),
        height: checked.now.height,
        hash: checked.now.hash().to_string(),
        header: hex::encode(checked.now.to_bytes()),
    };
    let text =
        serde_json::to_string_pretty(&saved).expect("texts and numbers have a JSON form") + "\n";
    file::replace(file, text.as_bytes())?;
    let mut rows = vec![
        ("saved", file.display().to_string()),
        ("height", saved.height.to_string()),
        ("tip", saved.hash.clone()),
    ];
    rows.extend(
        checked
            .rows()
            .into_iter()
            .filter(|(name, _)| *name != "tip"),
    );
    Ok(session.printer.value(&json!(saved), rows)?)
}

fn read(file: &Path) -> Outcome<Saved> {
    let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let saved: Saved = serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("{} is no saved tip: {error}", file.display()),
        )
    })?;
    headed(&saved)?;
    Ok(saved)
}

/// The header of a saved tip, which must match its hash.
fn headed(saved: &Saved) -> Outcome<Header> {
    let changed = || broken("the saved tip does not fit its own header; the file was changed");
    let header = answer::header(&saved.header).map_err(|_| changed())?;
    if header.hash().to_string() != saved.hash || header.height != saved.height {
        return Err(changed());
    }
    Ok(header)
}

fn broken(problem: &str) -> Failure {
    Failure::new(Exit::DoesNotVerify, problem).reason("NOT_EXTENDED")
}

/// A present tip, and the block that it was proven to extend.
struct Checked {
    chain_id: Hash,
    from: Anchor,
    then: Header,
    now: Header,
}

/// The anchor of trust in a tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// A saved tip, or a given hash.
    Trusted,
    /// Block 0 from the ledger.
    FirstUse,
}

/// Checks the ledger's present tip against a saved one.
async fn of_saved(saved: &Saved, session: &Session) -> Outcome<Checked> {
    let then = headed(saved)?;
    let zero = session.header(Some(Id::Height(0))).await?;
    if zero.hash().to_string() != saved.chain_id {
        let message = format!(
            "the tip is saved of the chain {}, and the ledger serves {}: name a ledger of that chain with --ledger",
            saved.chain_id,
            zero.hash()
        );
        return Err(Failure::new(Exit::DoesNotVerify, message).reason(WRONG_CHAIN));
    }
    extended(Anchor::Trusted, then, &zero, session).await
}

/// Checks it against a block with a trusted hash, or, at first use, against block 0.
async fn of_block(tip: Option<Hash>, session: &Session) -> Outcome<Checked> {
    let zero = session.header(Some(Id::Height(0))).await?;
    match tip {
        Some(tip) => {
            let then = session.header(Some(Id::Hash(tip.to_string()))).await?;
            extended(Anchor::Trusted, then, &zero, session).await
        }
        None => extended(Anchor::FirstUse, zero, &zero, session).await,
    }
}

/// The header of the ledger's tip, if its log extends the earlier one and its work meets the chain's rules.
async fn extended(
    from: Anchor,
    then: Header,
    zero: &Header,
    session: &Session,
) -> Outcome<Checked> {
    let request = GetConsistencyProofRequest {
        from_height: then.height,
        to_height: None,
    };
    let asked = session.proofs()?.get_consistency_proof(request).await;
    let proof = asked.map_err(|status| behind(status, &then))?.into_inner();
    if proof.from_header != hex::encode(then.to_bytes()) {
        return Err(broken(&format!(
            "block {} is no longer {}: the chain was rewritten",
            then.height,
            then.hash()
        )));
    }
    let now = answer::header(&proof.to_header)?;
    if now.height < then.height {
        return Err(broken(&format!(
            "the ledger shows an older view: its tip is block {}, below block {}",
            now.height, then.height
        )));
    }
    if now.height == then.height && now != then {
        return Err(broken(&format!("there are two blocks {}", then.height)));
    }
    // The genesis sets the least work.
    if now.height > 0 && work::target(now.bits) > work::target(zero.bits) {
        return Err(broken(&format!(
            "block {} has less work behind it than the chain asks for",
            now.height
        )));
    }
    let path: Outcome<Vec<Hash>> = proof
        .path
        .iter()
        .map(|text| answer::hash("the path", text))
        .collect();
    let (old, new) = (then.log_size, now.log_size);
    if !log::verify_consistency(old, new, &then.log_root, &now.log_root, &path?) {
        return Err(broken(&format!(
            "the log of the present tip does not extend the log of block {}",
            then.height
        )));
    }
    Ok(Checked {
        chain_id: zero.hash(),
        from,
        then,
        now,
    })
}

/// The failure for a ledger that has not reached the block, or hides it.
fn behind(status: Status, then: &Header) -> Failure {
    if status.code() != Code::OutOfRange {
        return status.into();
    }
    let message = format!(
        "the ledger has not reached block {}: it is behind, or shows an older view; try again, and ask another ledger",
        then.height
    );
    Failure::new(Exit::Unavailable, message).reason(HEIGHT_ABOVE_TIP)
}

impl Checked {
    fn value(&self) -> serde_json::Value {
        json!({
            "extended": true, "fromHeight": self.then.height, "toHeight": self.now.height,
            "tip": self.now.hash().to_string(), "logSize": self.now.log_size,
        })
    }

    fn rows(&self) -> Rows {
        let Self { then, now, .. } = self;
        let unknown = match self.from {
            Anchor::Trusted => String::new(),
            Anchor::FirstUse => format!(
                "first use: whether {} is the chain that you mean. Compare the tip with what others have, or give a hash that you trust with --tip",
                self.chain_id
            ),
        };
        vec![
            (
                "extended",
                format!(
                    "the log of block {} ({} leaves) is the beginning of the log of block {} ({} leaves)",
                    then.height, then.log_size, now.height, now.log_size
                ),
            ),
            ("tip", now.hash().to_string()),
            ("not checked", unknown),
            (
                "not checked",
                "the blocks between, their work and signatures: `blocklog verify --tip` does"
                    .into(),
            ),
        ]
    }
}
