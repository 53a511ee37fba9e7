//! The services: do they answer, and how are they?

use proto::ingest::v1::GetSubmissionInfoRequest;
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::miner::v1::miner_service_client::MinerServiceClient;
use proto::miner::v1::{GetMinerStatusRequest, Phase};

use super::{Finding, Looked};
use crate::chains::Served;
use crate::connect::{Connect, Peer};
use crate::exit::{Failure, Outcome};

/// Candidates that a healthy ledger may be behind.
const LAG: u64 = 100;

/// Every service that the addresses name. One that is not there is a risk: it may be deployed elsewhere.
pub async fn look(connect: &Connect, production: bool) -> Looked {
    let mut looked = Looked::default();
    match ledger(connect).await {
        Ok((served, info)) => {
            looked.findings.extend(judge(&info));
            looked.served.push(served);
        }
        Err(failure) => looked.find(absent("ledger", &failure, production)),
    }
    match ingest(connect).await {
        Ok((served, topic)) => {
            looked.find(Finding::ok(format!(
                "ingest takes transactions for {} on {topic}",
                served.name
            )));
            looked.served.push(served);
        }
        Err(failure) => looked.find(absent("ingest", &failure, production)),
    }
    for (url, client) in connect.miners().unwrap_or_default() {
        match miner(&url, client).await {
            Ok((served, finding)) => {
                looked.served.extend(served);
                looked.find(finding);
            }
            Err(failure) => looked.find(absent("miner", &failure, production)),
        }
    }
    looked
}

async fn ledger(connect: &Connect) -> Outcome<(Served, GetLedgerInfoResponse)> {
    let mut client = connect.ledger()?;
    let asked = client.get_ledger_info(GetLedgerInfoRequest {});
    let info = asked.await?.into_inner();
    Ok((Served::by_ledger(connect, &info)?, info))
}

/// Its chain and its topic.
async fn ingest(connect: &Connect) -> Outcome<(Served, String)> {
    let mut client = connect.ingest()?;
    let asked = client.get_submission_info(GetSubmissionInfoRequest {});
    let info = asked.await?.into_inner();
    Ok((Served::by_ingest(connect, &info)?, info.topic))
}

async fn miner(
    url: &str,
    mut client: MinerServiceClient<Peer>,
) -> Outcome<(Option<Served>, Finding)> {
    let asked = client.get_miner_status(GetMinerStatusRequest {});
    let status = asked.await?.into_inner().status.unwrap_or_default();
    let what = format!(
        "miner {url} mines partitions {:?} for {}",
        status.partitions, status.account
    );
    let finding = match status.phase() {
        Phase::CatchingUp => Finding::warning(
            format!("{what}: catching up"),
            "wait; /ready on its admin port says how far it is",
        ),
        _ => Finding::ok(what),
    };
    Ok((Served::by_miner(url, &status)?, finding))
}

fn absent(name: &str, failure: &Failure, production: bool) -> Finding {
    Finding::risk(
        production,
        format!("no {name}: {failure}"),
        format!("start it, or name its address with --{name}"),
    )
}

fn judge(info: &GetLedgerInfoResponse) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tip = info
        .tip
        .as_ref()
        .and_then(|tip| tip.height)
        .unwrap_or_default();
    let lag = info
        .end_offset
        .unwrap_or_default()
        .saturating_sub(info.applied_offset.unwrap_or_default());
    findings.push(if lag > LAG {
        Finding::warning(
            format!("the ledger is {lag} candidates behind, at height {tip}"),
            "wait; if it grows, look at its log",
        )
    } else {
        Finding::ok(format!("the ledger is at height {tip}"))
    });
    let found = info
        .audit
        .as_ref()
        .and_then(|audit| audit.findings)
        .unwrap_or_default();
    if found > 0 {
        findings.push(Finding::fault(
            format!("the audit has {found} findings: blocks and the transactions topic disagree"),
            "blocklog audit names block, miner and hashes; on a chain with an admin, strike the miner off with `blocklog admin miner remove`",
        ));
    }
    findings
}
