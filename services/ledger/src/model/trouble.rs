//! The conditions under which a ledger is ready, and why one does not hold.

/// A condition of readiness that the core knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// There is a chain.
    Chain,
    /// Readers see the chain up to where the follower caught up.
    CaughtUp,
    /// The `blockchain` topic can be read, and is the one that was read before.
    Log,
    /// The same of the `transactions` topic.
    Transactions,
}

/// Why a condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no block 0 yet.
    NoChain,
    /// The topic has not been read to its end.
    CatchingUp(String),
    /// The topic cannot be read for now.
    Unavailable(String),
    /// The topic has lost records.
    DataLoss(String),
}
