//! Which chain a service serves. Services of different chains each answer rightly, and together wrongly: a transaction
//! of one chain is unknown to the ledger of another.

use std::fmt;
use std::time::Duration;

use chain::Hash;
use proto::ingest::v1::{GetSubmissionInfoRequest, GetSubmissionInfoResponse};
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::miner::v1::MinerStatus;

use crate::answer;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::patience;

/// Longest wait for a service whose answer is good to have, and not needed.
const GLANCE: Duration = Duration::from_secs(3);

/// A service and its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// What it is, and where.
    pub by: String,
    /// The chain's name; a miner does not tell it.
    pub name: String,
    /// The chain.
    pub id: Hash,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.name.is_empty() { "" } else { " " };
        write!(f, "{}: {}{gap}{}", self.by, self.name, self.id)
    }
}

impl Served {
    /// As a ledger says.
    pub fn by_ledger(connect: &Connect, info: &GetLedgerInfoResponse) -> Outcome<Self> {
        Ok(Self {
            by: format!("ledger {}", connect.ledger_url()),
            name: info.chain_name.clone(),
            id: answer::hash("the chain id", &info.chain_id)?,
        })
    }

    /// As an ingest says.
    pub fn by_ingest(connect: &Connect, info: &GetSubmissionInfoResponse) -> Outcome<Self> {
        Ok(Self {
            by: format!("ingest {}", connect.ingest_url()),
            name: info.chain_name.clone(),
            id: answer::hash("the chain id", &info.chain_id)?,
        })
    }

    /// As a miner says, once it has found its chain.
    pub fn by_miner(url: &str, status: &MinerStatus) -> Outcome<Option<Self>> {
        if status.chain_id.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            by: format!("miner {url}"),
            name: String::new(),
            id: answer::hash("the chain id", &status.chain_id)?,
        }))
    }
}

/// Says who serves what, if not all serve the same chain.
pub fn differences(served: &[Served]) -> Option<String> {
    let first = served.first()?;
    if served.iter().all(|other| other.id == first.id) {
        return None;
    }
    let told: Vec<String> = served.iter().map(ToString::to_string).collect();
    Some(format!("not all serve the same chain: {}", told.join("; ")))
}

/// What must be done where they differ.
pub const ADVICE: &str = "name services of one chain with --ledger, --ingest and --miner";

/// The failure of a command whose services are of different chains.
pub fn expect_one(served: &[Served]) -> Outcome {
    match differences(served) {
        None => Ok(()),
        Some(told) => Err(wrong(&format!("{told}; {ADVICE}"))),
    }
}

fn wrong(told: &str) -> Failure {
    Failure::new(Exit::Rejected, told).reason(proto::reason::WRONG_CHAIN)
}

/// The chain of the ledger, once it has started.
pub async fn of_ledger(connect: &Connect, printer: Printer) -> Outcome<Served> {
    let mut ledger = connect.ledger()?;
    let spinner = printer.spinner("asking the ledger for the chain");
    let asked = patience::call("the ledger", &spinner, async || {
        ledger.get_ledger_info(GetLedgerInfoRequest {}).await
    });
    let info = asked.await?.into_inner();
    spinner.finish_and_clear();
    Served::by_ledger(connect, &info)
}

/// The chain of ingest, once it has started.
async fn of_ingest(connect: &Connect, printer: Printer) -> Outcome<Served> {
    let mut ingest = connect.ingest()?;
    let spinner = printer.spinner("asking ingest for the chain");
    let asked = patience::call("ingest", &spinner, async || {
        ingest
            .get_submission_info(GetSubmissionInfoRequest {})
            .await
    });
    let info = asked.await?.into_inner();
    spinner.finish_and_clear();
    Served::by_ingest(connect, &info)
}

/// The chain of the ledger, if one answers now.
async fn glance_at_ledger(connect: &Connect) -> Option<Served> {
    let mut ledger = connect.ledger().ok()?;
    let asked = ledger.get_ledger_info(GetLedgerInfoRequest {});
    let info = tokio::time::timeout(GLANCE, asked).await.ok()?.ok()?;
    Served::by_ledger(connect, &info.into_inner()).ok()
}

/// The chain of ingest, if one answers now.
pub async fn glance_at_ingest(connect: &Connect) -> Option<Served> {
    let mut ingest = connect.ingest().ok()?;
    let asked = ingest.get_submission_info(GetSubmissionInfoRequest {});
    let info = tokio::time::timeout(GLANCE, asked).await.ok()?.ok()?;
    Served::by_ingest(connect, &info.into_inner()).ok()
}

/// The chain that a transaction goes to, before anything is sent: ingest's, which must be the one that was given, if one
/// was, and the ledger's. Where `waits`, the ledger is needed to see the transaction; elsewhere it may be away.
pub async fn agreed(
    given: Option<Hash>,
    waits: bool,
    connect: &Connect,
    printer: Printer,
) -> Outcome<Served> {
    let ingest = of_ingest(connect, printer).await.map_err(|mut failure| {
        failure.message = format!(
            "nothing was sent; ingest cannot be asked for the chain: {}",
            failure.message
        );
        failure
    })?;
    if let Some(given) = given.filter(|given| *given != ingest.id) {
        let told = format!(
            "nothing was sent: the chain that was given is {given}, and another one is served by {ingest}; correct --ingest, --chain-id or --genesis"
        );
        return Err(wrong(&told));
    }
    let ledger = if waits {
        let asked = of_ledger(connect, printer).await.map_err(|mut failure| {
            failure.message = format!(
                "nothing was sent; the ledger that would be waited for cannot be asked for the chain: {} (--no-wait sends without one)",
                failure.message
            );
            failure
        });
        Some(asked?)
    } else {
        glance_at_ledger(connect).await
    };
    let served: Vec<Served> = [Some(ingest.clone()), ledger]
        .into_iter()
        .flatten()
        .collect();
    match differences(&served) {
        None => Ok(ingest),
        Some(told) => Err(wrong(&format!("nothing was sent: {told}; {ADVICE}"))),
    }
}
