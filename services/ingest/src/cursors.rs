//! Asks a ledger for the chain's cursors, and compares them with the ends of the topic: an honest cursor never lies above.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use kit::client::Channel;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::wire;

use crate::core::Frontier;
use crate::state::{Ingest, Open};

/// Interval between questions.
const INTERVAL: Duration = Duration::from_secs(1);
/// The same while the ledger does not answer: it may be starting, too.
const RETRY: Duration = Duration::from_millis(200);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs until the shutdown token ends it. A ledger that does not answer is asked again.
pub async fn run(channel: Channel, journal: Journal, ingest: Arc<Ingest>) -> anyhow::Result<()> {
    let mut ledger = LedgerServiceClient::new(channel);
    let mut problem = String::new();
    tokio::select! {
        () = ingest.shutdown.cancelled() => return Ok(()),
        () = ingest.known() => {}
    }
    loop {
        let mut pause = INTERVAL;
        if let Ok(open) = ingest.chain() {
            let found = ask(&mut ledger, &journal, open).await;
            if found.is_err() {
                pause = RETRY;
            }
            ingest.accounts.trust(found.clone());
            log_change(&mut problem, found.err().unwrap_or_default());
        }
        tokio::select! {
            () = ingest.shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn ask(
    ledger: &mut LedgerServiceClient<Channel>,
    journal: &Journal,
    open: &Open,
) -> Result<(), String> {
    let question = ledger.get_ledger_info(GetLedgerInfoRequest {});
    let answer = match tokio::time::timeout(PATIENCE, question).await {
        Ok(Ok(answer)) => answer.into_inner(),
        Ok(Err(status)) => return Err(status.message().to_owned()),
        Err(_) => return Err("no answer in time".to_owned()),
    };
    let cursors = learn(open, &answer)?;
    let journal = journal.clone();
    let compare = move || {
        cursors
            .into_iter()
            .map(|at| frontier(&journal, at))
            .collect()
    };
    let frontiers: Result<Vec<Frontier>, journal::Error> = tokio::task::spawn_blocking(compare)
        .await
        .map_err(|error| error.to_string())?;
    match frontiers {
        Ok(frontiers) => open.core.cursors(frontiers),
        // The probe reports a journal that is unavailable, and then nothing is appended.
        Err(error) => tracing::debug!("the cursors cannot be compared with the topic: {error}"),
    }
    Ok(())
}

/// The cursors of this chain's partitions.
fn learn(open: &Open, answer: &GetLedgerInfoResponse) -> Result<Vec<(u32, u64)>, String> {
    let ours = open.rules.chain_id.to_string();
    if answer.chain_id != ours {
        let theirs = wire::excerpt(&answer.chain_id);
        return Err(format!("it has the chain {theirs}, this is {ours}"));
    }
    let partitions = open.rules.genesis.partitions;
    let cursors = answer
        .partitions
        .iter()
        .filter_map(|state| Some((state.partition?, state.cursor?)));
    let known = cursors.filter(|(partition, _)| *partition < partitions);
    Ok(known.take(partitions as usize).collect())
}

/// Reads the end after the cursor: records that a block has consumed lie below it.
fn frontier(
    journal: &Journal,
    (partition, cursor): (u32, u64),
) -> Result<Frontier, journal::Error> {
    let end = journal.offsets(topics::TRANSACTIONS, partition)?.end;
    Ok(Frontier {
        partition,
        cursor,
        end,
    })
}

/// Logs a problem once, and its end.
fn log_change(before: &mut String, now: String) {
    if *before == now {
        return;
    }
    if now.is_empty() {
        tracing::info!("the ledger reports the cursors again");
    } else {
        tracing::warn!("the ledger does not report the cursors: {now}; asking again");
    }
    *before = now;
}
