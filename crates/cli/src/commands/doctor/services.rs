//! Checks of the services: that they answer, and their state.

use proto::ledger::v1::GetLedgerInfoResponse;
use proto::miner::v1::{MinerStatus, Phase};

use super::finding::{Diagnosis, Finding};
use crate::chains::Served;
use crate::exit::{Failure, Outcome};
use crate::session::Session;

/// Lag of a healthy ledger at most, in candidates.
const LAG: u64 = 100;

/// Checks every configured service. A missing one is only a risk: it may be deployed elsewhere.
pub async fn check(session: &Session, production: bool, diagnosis: &mut Diagnosis) {
    match ledger(session).await {
        Ok((served, info)) => {
            diagnosis.findings.extend(judge(&info));
            diagnosis.served.push(served);
        }
        Err(failure) => diagnosis.find(absent("ledger", &failure, production)),
    }
    match ingest(session).await {
        Ok((served, topic)) => {
            diagnosis.find(Finding::ok(format!(
                "ingest accepts transactions for {} on {topic}",
                served.name
            )));
            diagnosis.served.push(served);
        }
        Err(failure) => diagnosis.find(absent("ingest", &failure, production)),
    }
    for (url, status) in session.miner_statuses().await.unwrap_or_default() {
        match status.and_then(|status| Ok((Served::by_miner(url, &status)?, status))) {
            Ok((served, status)) => {
                diagnosis.served.extend(served);
                diagnosis.find(miner(url, &status));
            }
            Err(failure) => diagnosis.find(absent("miner", &failure, production)),
        }
    }
}

async fn ledger(session: &Session) -> Outcome<(Served, GetLedgerInfoResponse)> {
    let info = session.ledger_info().await?;
    Ok((Served::by_ledger(session, &info)?, info))
}

/// Ingest's chain and topic.
async fn ingest(session: &Session) -> Outcome<(Served, String)> {
    let info = session.submission_info().await?;
    Ok((Served::by_ingest(session, &info)?, info.topic))
}

fn miner(url: &str, status: &MinerStatus) -> Finding {
    let what = format!(
        "miner {url} mines partitions {:?} for {}",
        status.partitions, status.account
    );
    match status.phase() {
        Phase::CatchingUp => Finding::warning(
            format!("{what}: catching up"),
            "wait; /ready on its admin port shows its progress",
        ),
        _ => Finding::ok(what),
    }
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
            "wait; if it grows, see the ledger's log output",
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
            "blocklog audit names block, miner and hashes; on a chain with an admin, remove the miner with `blocklog admin miner remove`",
        ));
    }
    findings
}
