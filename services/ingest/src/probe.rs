//! Asks the log for its end now and then, so that readiness tells of an outage before a client does, and of its end
//! when no client is sent here any more.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;

use crate::readiness::Conditions;
use crate::state::Ingest;

/// Between two questions.
const INTERVAL: Duration = Duration::from_secs(2);

/// Until the shutdown token ends it.
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
                Ok(()) => tracing::info!("the log answers again"),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        readiness.log(state);
    }
}
