//! Asks the journal for an end periodically, so that readiness shows an outage before a client meets it, and its recovery
//! when no client is sent here any more.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;

use crate::readiness::Conditions;
use crate::state::Ingest;

/// Interval between questions.
const INTERVAL: Duration = Duration::from_secs(2);

/// Runs until the shutdown token ends it.
pub async fn run(
    journal: Journal,
    ingest: Arc<Ingest>,
    readiness: Conditions,
) -> anyhow::Result<()> {
    let mut well = true;
    loop {
        tokio::select! {
            () = ingest.shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if ingest.chain().is_err() {
            continue;
        }
        let journal = journal.clone();
        let ask = move || journal.offsets(topics::TRANSACTIONS, 0);
        let answer = tokio::task::spawn_blocking(ask).await?;
        let state = answer.map(|_| ()).map_err(|error| error.to_string());
        if state.is_ok() != std::mem::replace(&mut well, state.is_ok()) {
            match &state {
                Ok(()) => tracing::info!("the journal answers again"),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        readiness.log(state);
    }
}
