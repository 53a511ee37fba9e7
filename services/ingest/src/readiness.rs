//! The conditions under which ingest is ready.

use kit::Readiness;
use proto::reason;

use crate::core::Health;

const CHAIN: &str = "chain";
const LOG: &str = "log";
const APPENDING: &str = "appending";

/// Nothing is known yet.
pub fn start(readiness: &Readiness) {
    readiness.wait_for(CHAIN, reason::NO_CHAIN, "the journal has not been read yet");
}

/// There is a chain to append for.
pub fn chain_found(readiness: &Readiness) {
    readiness.set(CHAIN, Ok(()));
    readiness.set(LOG, Ok(()));
}

/// There is no block 0.
pub fn no_chain(readiness: &Readiness) {
    let text = "there is no block 0 in the journal; start one service with --genesis, or run `blocklog init`";
    readiness.set(CHAIN, Err((reason::NO_CHAIN, text.into())));
    readiness.set(LOG, Ok(()));
}

/// Whether the log answers.
pub fn log(readiness: &Readiness, state: Result<(), String>) {
    let unavailable = |message| (reason::LOG_UNAVAILABLE, message);
    readiness.set(LOG, state.map_err(unavailable));
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
