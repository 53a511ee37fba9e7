//! `blocklog status`: the chain and the services at a glance.

use proto::ledger::v1::GetLedgerInfoResponse;
use proto::miner::v1::MinerStatus;
use proto::text::Named as _;
use serde_json::{Map, Value, json};

use crate::chains::{self, Served};
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{number, time};
use crate::output::Rows;
use crate::run::Run;
use crate::session::Session;

/// The chain and the services at a glance
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog status --miner http://127.0.0.1:7002")]
pub struct Status {}

impl Run for Status {
    /// Queries every service; succeeds if the ledger answered, and all services that did serve the same chain.
    async fn run(self, session: &Session) -> Outcome {
        let (mut rows, mut value, mut served) = (Rows::new(), Map::new(), Vec::new());
        let ledger = session.ledger_info().await;
        match &ledger {
            Ok(info) => {
                value.insert("ledger".into(), proto::json::to_value(info));
                ledger_rows(info, &mut rows);
                served.push(Served::by_ledger(session, info)?);
            }
            Err(failure) => down("ledger", failure, &mut rows, &mut value),
        }
        match session.submission_info().await {
            Ok(info) => {
                value.insert("ingest".into(), proto::json::to_value(&info));
                let takes = format!(
                    "accepts transactions for {} on {}",
                    info.chain_name, info.topic
                );
                rows.push(("ingest", takes));
                served.push(Served::by_ingest(session, &info)?);
            }
            Err(failure) => down("ingest", &failure, &mut rows, &mut value),
        }
        let mut miners = Vec::new();
        for (url, status) in session.miner_statuses().await? {
            match status {
                Ok(status) => {
                    rows.push(("miner", miner_line(&status)));
                    miners.push(proto::json::to_value(&status));
                    served.extend(Served::by_miner(url, &status)?);
                }
                Err(failure) => {
                    rows.push(("miner", format!("{url} does not answer: {failure}")));
                    miners.push(json!({ "error": failure.to_string() }));
                }
            }
        }
        value.insert("miners".into(), Value::Array(miners));
        if let Some(differences) = chains::differences(&served) {
            rows.push(("WRONG CHAIN", differences));
        }
        session.printer.value(&Value::Object(value), rows)?;
        chains::expect_one(&served)?;
        ledger
            .map(drop)
            .map_err(|failure| Failure::new(Exit::Unavailable, format!("no ledger: {failure}")))
    }
}

fn down(name: &'static str, failure: &Failure, rows: &mut Rows, value: &mut Map<String, Value>) {
    rows.push((name, format!("does not answer: {failure}")));
    value.insert(name.into(), json!({ "error": failure.to_string() }));
}

fn ledger_rows(info: &GetLedgerInfoResponse, rows: &mut Rows) {
    let tip = info.tip.clone().unwrap_or_default();
    rows.push(("chain", format!("{} {}", info.chain_name, info.chain_id)));
    rows.push((
        "tip",
        format!(
            "{} {} {}",
            number(tip.height),
            tip.hash,
            time(tip.timestamp.as_ref())
        ),
    ));
    rows.push((
        "records",
        format!(
            "{} included, {} refused, {} accounts, supply {}",
            number(info.transactions_included),
            number(info.records_rejected),
            number(info.accounts),
            number(info.supply)
        ),
    ));
    for partition in &info.partitions {
        let pending = partition
            .end_offset
            .unwrap_or_default()
            .saturating_sub(partition.cursor.unwrap_or_default());
        rows.push((
            "partition",
            format!(
                "{}: cursor {}, end {}, {pending} pending",
                number(partition.partition),
                number(partition.cursor),
                number(partition.end_offset)
            ),
        ));
    }
    if let Some(audit) = &info.audit {
        rows.push((
            "audit",
            format!(
                "checked to height {}, {} findings",
                number(audit.checked_height),
                number(audit.findings)
            ),
        ));
    }
}

fn miner_line(status: &MinerStatus) -> String {
    format!(
        "{} on partitions {:?}: {}, {} won, {} lost, {:.1} M tries/s",
        status.account,
        status.partitions,
        status.phase().words(),
        number(status.blocks_won),
        number(status.blocks_stale),
        status.hash_rate.unwrap_or_default() / 1e6
    )
}
