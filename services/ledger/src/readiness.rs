//! The conditions under which the ledger is ready.

use kit::Readiness;
use proto::reason;

use crate::model::{Condition, Trouble};

/// All conditions of the ledger. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    readiness: Readiness,
}

impl Conditions {
    /// Before the index is open.
    pub fn new(readiness: &Readiness) -> Conditions {
        readiness.wait_for("caught_up", reason::CATCHING_UP, "opening the index");
        Conditions {
            readiness: readiness.clone(),
        }
    }

    /// What the core, or the setup before it, finds.
    pub fn report(&self, condition: Condition, state: Result<(), Trouble>) {
        // The journal reports a topic that cannot be reached.
        if let (Condition::Transactions, Err(Trouble::DataLoss(message))) = (condition, &state) {
            tracing::error!(
                "{}: {message}; blocks go on being served",
                reason::DATA_LOSS
            );
        }
        let condition = match condition {
            Condition::Chain => "chain",
            Condition::CaughtUp => "caught_up",
            Condition::Log => "log",
            Condition::Transactions => "transactions",
        };
        self.readiness.set(condition, state.map_err(cause));
    }

    /// Whether the index takes writes.
    pub fn index(&self, state: Result<(), String>) {
        let state = state.map_err(|message| (reason::INDEX_FULL, message));
        self.readiness.set("index", state);
    }
}

fn cause(trouble: Trouble) -> (&'static str, String) {
    match trouble {
        Trouble::NoChain => (
            reason::NO_CHAIN,
            "there is no block 0 yet: start a service with --genesis FILE, or run `blocklog init`"
                .into(),
        ),
        Trouble::CatchingUp(message) => (reason::CATCHING_UP, message),
        Trouble::Unavailable(message) => (reason::LOG_UNAVAILABLE, message),
        Trouble::DataLoss(message) => (reason::DATA_LOSS, message),
    }
}
