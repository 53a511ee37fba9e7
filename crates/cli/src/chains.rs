//! The chain that each service serves. Services of different chains each answer correctly, but not together: a transaction of
//! one chain is unknown to the ledger of another.

use std::fmt;
use std::time::Duration;

use chain::Hash;
use proto::ingest::v1::{GetSubmissionInfoRequest, GetSubmissionInfoResponse};
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::miner::v1::MinerStatus;

use crate::answer;
use crate::exit::{Exit, Failure, Outcome};
use crate::patience;
use crate::session::Session;

/// Longest wait for a service whose reply is optional.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// A service and its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Kind and address of the service.
    pub by: String,
    /// Name of the chain; a miner does not report it.
    pub name: String,
    /// Id of the chain.
    pub id: Hash,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.name.is_empty() { "" } else { " " };
        write!(f, "{}: {}{gap}{}", self.by, self.name, self.id)
    }
}

impl Served {
    /// From the reply of a ledger.
    pub fn by_ledger(session: &Session, info: &GetLedgerInfoResponse) -> Outcome<Self> {
        Ok(Self {
            by: format!("ledger {}", session.ledger_url()),
            name: info.chain_name.clone(),
            id: answer::hash("the chain id", &info.chain_id)?,
        })
    }

    /// From the reply of an ingest.
    pub fn by_ingest(session: &Session, info: &GetSubmissionInfoResponse) -> Outcome<Self> {
        Ok(Self {
            by: format!("ingest {}", session.ingest_url()),
            name: info.chain_name.clone(),
            id: answer::hash("the chain id", &info.chain_id)?,
        })
    }

    /// From the reply of a miner, once it has found its chain.
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

/// Describes which service serves which chain, if they differ.
pub fn differences(served: &[Served]) -> Option<String> {
    let first = served.first()?;
    if served.iter().all(|other| other.id == first.id) {
        return None;
    }
    let message: Vec<String> = served.iter().map(ToString::to_string).collect();
    Some(format!(
        "not all serve the same chain: {}",
        message.join("; ")
    ))
}

/// Advice if they differ.
pub const ADVICE: &str = "name services of one chain with --ledger, --ingest and --miner";

/// Fails if the services are of different chains.
pub fn expect_one(served: &[Served]) -> Outcome {
    match differences(served) {
        None => Ok(()),
        Some(message) => Err(wrong(&format!("{message}; {ADVICE}"))),
    }
}

fn wrong(message: &str) -> Failure {
    Failure::new(Exit::Rejected, message).reason(proto::reason::WRONG_CHAIN)
}

/// The chain of the ledger, once it has started.
pub async fn of_ledger(session: &Session) -> Outcome<Served> {
    let mut ledger = session.ledger()?;
    let spinner = session.printer.spinner("asking the ledger for the chain");
    let asked = patience::call("the ledger", &spinner, async || {
        ledger.get_ledger_info(GetLedgerInfoRequest {}).await
    });
    let info = asked.await?.into_inner();
    spinner.finish_and_clear();
    Served::by_ledger(session, &info)
}

/// The chain of ingest, once it has started.
async fn of_ingest(session: &Session) -> Outcome<Served> {
    let mut ingest = session.ingest()?;
    let spinner = session.printer.spinner("asking ingest for the chain");
    let asked = patience::call("ingest", &spinner, async || {
        ingest
            .get_submission_info(GetSubmissionInfoRequest {})
            .await
    });
    let info = asked.await?.into_inner();
    spinner.finish_and_clear();
    Served::by_ingest(session, &info)
}

/// The chain of the ledger, if it answers in time.
async fn probe_ledger(session: &Session) -> Option<Served> {
    let asked = tokio::time::timeout(PROBE_TIMEOUT, session.ledger_info());
    Served::by_ledger(session, &asked.await.ok()?.ok()?).ok()
}

/// The chain of ingest, if it answers in time.
pub async fn probe_ingest(session: &Session) -> Option<Served> {
    let asked = tokio::time::timeout(PROBE_TIMEOUT, session.submission_info());
    Served::by_ingest(session, &asked.await.ok()?.ok()?).ok()
}

/// The chain of a transaction, before anything is sent: ingest's, which must be the given one, if any, and the ledger's. If the
/// command `waits`, the ledger is required, to see the transaction; otherwise it may be down.
pub async fn agreed(given: Option<Hash>, waits: bool, session: &Session) -> Outcome<Served> {
    let ingest = of_ingest(session).await.map_err(|mut failure| {
        failure.message = format!(
            "nothing was sent; ingest cannot be asked for the chain: {}",
            failure.message
        );
        failure
    })?;
    if let Some(given) = given.filter(|given| *given != ingest.id) {
        let message = format!(
            "nothing was sent: the given chain is {given}, and ingest serves another one: {ingest}; correct --ingest, --chain-id or --genesis"
        );
        return Err(wrong(&message));
    }
    let ledger = if waits {
        let asked = of_ledger(session).await.map_err(|mut failure| {
            failure.message = format!(
                "nothing was sent; the ledger that would be waited for cannot be asked for the chain: {} (--no-wait sends without one)",
                failure.message
            );
            failure
        });
        Some(asked?)
    } else {
        probe_ledger(session).await
    };
    let served: Vec<Served> = [Some(ingest.clone()), ledger]
        .into_iter()
        .flatten()
        .collect();
    match differences(&served) {
        None => Ok(ingest),
        Some(message) => Err(wrong(&format!("nothing was sent: {message}; {ADVICE}"))),
    }
}
