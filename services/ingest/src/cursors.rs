//! Learns the chain's cursors from a ledger.

use std::sync::Arc;
use std::time::Duration;

use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};

use crate::core::Input;
use crate::state::{Ingest, Open};

/// Between two questions.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Until the shutdown token ends it. A ledger that does not answer is asked again.
pub async fn run(channel: kit::client::Channel, ingest: Arc<Ingest>) -> anyhow::Result<()> {
    let mut ledger = LedgerServiceClient::new(channel);
    let mut problem = String::new();
    loop {
        if let Ok(open) = ingest.chain() {
            let question = ledger.get_ledger_info(GetLedgerInfoRequest {});
            let found = match tokio::time::timeout(PATIENCE, question).await {
                Ok(Ok(answer)) => learn(open, &answer.into_inner()),
                Ok(Err(status)) => Err(status.message().to_owned()),
                Err(_) => Err("no answer in time".to_owned()),
            };
            say(&mut problem, found.err().unwrap_or_default());
        }
        tokio::select! {
            () = ingest.shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

fn learn(open: &Open, answer: &GetLedgerInfoResponse) -> Result<(), String> {
    let ours = open.rules.chain_id.to_string();
    if answer.chain_id != ours {
        let theirs = &answer.chain_id;
        return Err(format!("it has the chain {theirs}, this is {ours}"));
    }
    let cursors = answer
        .partitions
        .iter()
        .filter_map(|state| Some((state.partition?, state.cursor?)));
    open.desk.tell(Input::Cursors(cursors.collect()));
    Ok(())
}

/// Says a problem once, and when it is over.
fn say(before: &mut String, now: String) {
    if *before == now {
        return;
    }
    match now.is_empty() {
        true => tracing::info!("the ledger tells the cursors again"),
        false => tracing::warn!("the ledger does not tell the cursors: {now}; asking again"),
    }
    *before = now;
}
