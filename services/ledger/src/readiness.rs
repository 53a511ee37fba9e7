//! The conditions under which the ledger is ready.

use kit::{Cause, Readiness, Reason};
use proto::reason;
use topics::bootstrap::NO_BLOCK_ZERO;

use crate::model::{Condition, Trouble};

const CATCHING_UP: Reason = Reason(reason::CATCHING_UP);
const NO_CHAIN: Reason = Reason(reason::NO_CHAIN);
const LOG_UNAVAILABLE: Reason = Reason(reason::LOG_UNAVAILABLE);
const DATA_LOSS: Reason = Reason(reason::DATA_LOSS);
const INDEX_FULL: Reason = Reason(reason::INDEX_FULL);

/// All conditions of the ledger. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    chain: kit::Condition,
    caught_up: kit::Condition,
    log: kit::Condition,
    transactions: kit::Condition,
    index: kit::Condition,
}

impl Conditions {
    /// The state before the index is open.
    pub fn new(readiness: &Readiness) -> Conditions {
        Conditions {
            chain: readiness.condition("chain"),
            caught_up: readiness.wait_for("caught_up", CATCHING_UP.because("opening the index")),
            log: readiness.condition("log"),
            transactions: readiness.condition("transactions"),
            index: readiness.condition("index"),
        }
    }

    /// Reports a condition that the core, or the setup before it, found.
    pub fn report(&self, condition: Condition, state: Result<(), Trouble>) {
        // The journal itself logs a topic that is unavailable.
        if let (Condition::Transactions, Err(Trouble::DataLoss(message))) = (condition, &state) {
            tracing::error!("{}: {message}; blocks are still served", reason::DATA_LOSS);
        }
        let condition = match condition {
            Condition::Chain => &self.chain,
            Condition::CaughtUp => &self.caught_up,
            Condition::Log => &self.log,
            Condition::Transactions => &self.transactions,
        };
        condition.set(state.map_err(cause));
    }

    /// Reports whether the index takes writes.
    pub fn index(&self, state: Result<(), String>) {
        self.index
            .set(state.map_err(|message| INDEX_FULL.because(message)));
    }
}

fn cause(trouble: Trouble) -> Cause {
    match trouble {
        Trouble::NoChain => NO_CHAIN.because(NO_BLOCK_ZERO),
        Trouble::CatchingUp(message) => CATCHING_UP.because(message),
        Trouble::Unavailable(message) => LOG_UNAVAILABLE.because(message),
        Trouble::DataLoss(message) => DATA_LOSS.because(message),
    }
}
