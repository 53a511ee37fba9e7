//! The conditions under which ingest is ready.

use kit::Readiness;
use proto::reason;

use crate::core::{Frontier, Health};

const CHAIN: &str = "chain";
const LOG: &str = "log";
const APPENDING: &str = "appending";
const END: &str = "end";

/// Nothing is known yet.
pub fn start(readiness: &Readiness) {
    let text = "block 0 is looked for; the journal has not been read to its end yet";
    readiness.wait_for(CHAIN, reason::CATCHING_UP, text);
}

/// There is a chain to append for.
pub fn chain_found(readiness: &Readiness) {
    readiness.set(CHAIN, Ok(()));
    readiness.set(LOG, Ok(()));
}

/// There is no block 0.
pub fn no_chain(readiness: &Readiness, text: String) {
    readiness.set(CHAIN, Err((reason::NO_CHAIN, text)));
    readiness.set(LOG, Ok(()));
}

/// Whether the log answers.
pub fn log(readiness: &Readiness, state: Result<(), String>) {
    let unavailable = |message| (reason::LOG_UNAVAILABLE, message);
    readiness.set(LOG, state.map_err(unavailable));
}

/// Whether the log of some partition ends below the chain's cursor.
pub fn behind(readiness: &Readiness, frontier: Option<Frontier>) {
    let Some(frontier) = frontier else {
        tracing::info!("the log reaches up to the chain's cursors again");
        return readiness.set(END, Ok(()));
    };
    let Frontier {
        partition,
        cursor,
        end,
    } = frontier;
    let message = format!(
        "partition {partition} ends at {end}, and the ledger tells the cursor {cursor}: nothing is appended there; \
         `blocklog doctor` compares, `blocklog topic pad` fills the gap if the log has lost its end"
    );
    tracing::error!("data loss: {message}");
    readiness.set(END, Err((reason::DATA_LOSS, message)));
}

/// Whether the log appends.
pub fn appending(readiness: &Readiness, health: Health) {
    let state = match health {
        Health::Appends => {
            tracing::info!("the log appends again");
            Ok(())
        }
        // Whether it is there is for the probe to say.
        Health::Untried => Ok(()),
        Health::Fails(message) => {
            tracing::warn!("the log does not append: {message}; trying again");
            Err((reason::LOG_UNAVAILABLE, message))
        }
    };
    readiness.set(APPENDING, state);
}
