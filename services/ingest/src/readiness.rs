//! The conditions under which ingest is ready.

use kit::{Condition, Readiness, Reason};
use proto::reason;

use crate::core::{Frontier, Health};

const CATCHING_UP: Reason = Reason(reason::CATCHING_UP);
const NO_CHAIN: Reason = Reason(reason::NO_CHAIN);
const LOG_UNAVAILABLE: Reason = Reason(reason::LOG_UNAVAILABLE);
const DATA_LOSS: Reason = Reason(reason::DATA_LOSS);

/// All conditions of ingest. Clones share them.
#[derive(Clone, Debug)]
pub struct Conditions {
    chain: Condition,
    log: Condition,
    appending: Condition,
    end: Condition,
}

impl Conditions {
    /// The state before the chain is known.
    pub fn new(readiness: &Readiness) -> Conditions {
        let text = "looking for block 0; the journal has not been read to its end yet";
        Conditions {
            chain: readiness.wait_for("chain", CATCHING_UP.because(text)),
            log: readiness.condition("log"),
            appending: readiness.condition("appending"),
            end: readiness.condition("end"),
        }
    }

    /// Reports that the chain is known.
    pub fn chain_found(&self) {
        self.chain.set(Ok(()));
        self.log.set(Ok(()));
    }

    /// Reports that there is no block 0.
    pub fn no_chain(&self, text: String) {
        self.chain.set(Err(NO_CHAIN.because(text)));
        self.log.set(Ok(()));
    }

    /// Reports whether the journal answers.
    pub fn log(&self, state: Result<(), String>) {
        self.log
            .set(state.map_err(|message| LOG_UNAVAILABLE.because(message)));
    }

    /// Reports whether a partition ends below the chain's cursor.
    pub fn behind(&self, frontier: Option<Frontier>) {
        let Some(frontier) = frontier else {
            tracing::info!("the topic reaches up to the chain's cursors again");
            return self.end.set(Ok(()));
        };
        let Frontier {
            partition,
            cursor,
            end,
        } = frontier;
        let message = format!(
            "partition {partition} ends at {end}, and the ledger reports the cursor {cursor}: nothing is appended there; \
             `blocklog doctor` compares, `blocklog topic pad` fills the gap if the log has lost its end"
        );
        tracing::error!("data loss: {message}");
        self.end.set(Err(DATA_LOSS.because(message)));
    }

    /// Reports whether appends succeed.
    pub fn appending(&self, health: Health) {
        self.appending.set(match health {
            Health::Appends => {
                tracing::info!("appends succeed again");
                Ok(())
            }
            // The probe finds out whether the journal is available.
            Health::Untried => Ok(()),
            Health::Fails(message) => {
                tracing::warn!("appends fail: {message}; trying again");
                Err(LOG_UNAVAILABLE.because(message))
            }
        });
    }
}
