//! The services: do they answer, and how are they?

use proto::ingest::v1::GetSubmissionInfoRequest;
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::miner::v1::{GetMinerStatusRequest, Phase};

use super::Finding;
use crate::connect::Connect;
use crate::exit::Failure;

/// Candidates that a healthy ledger may be behind.
const LAG: u64 = 100;

/// Every service that the addresses name. One that is not there is a risk: it may be deployed elsewhere.
pub async fn look(connect: &Connect, production: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ledger = async {
        Ok(connect
            .ledger()?
            .get_ledger_info(GetLedgerInfoRequest {})
            .await?
            .into_inner())
    };
    match ledger.await {
        Ok(info) => findings.extend(judge(&info)),
        Err(failure) => findings.push(absent("ledger", &failure, production)),
    }
    let ingest = async {
        Ok(connect
            .ingest()?
            .get_submission_info(GetSubmissionInfoRequest {})
            .await?
            .into_inner())
    };
    match ingest.await {
        Ok(info) => findings.push(Finding::ok(format!(
            "ingest takes transactions on {}",
            info.topic
        ))),
        Err(failure) => findings.push(absent("ingest", &failure, production)),
    }
    for (url, mut client) in connect.miners().unwrap_or_default() {
        match client
            .get_miner_status(GetMinerStatusRequest {})
            .await
            .map_err(Failure::from)
        {
            Ok(reply) => {
                let status = reply.into_inner().status.unwrap_or_default();
                let what = format!(
                    "miner {url} mines partitions {:?} for {}",
                    status.partitions, status.account
                );
                findings.push(match status.phase() {
                    Phase::CatchingUp => Finding::warning(
                        format!("{what}: catching up"),
                        "wait; /ready on its admin port says how far it is",
                    ),
                    _ => Finding::ok(what),
                });
            }
            Err(failure) => findings.push(absent("miner", &failure, production)),
        }
    }
    findings
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
            "blocklog audit names block, miner and hashes; strike the miner off with `blocklog admin miner remove`",
        ));
    }
    findings
}
