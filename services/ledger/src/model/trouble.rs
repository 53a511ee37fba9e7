//! The conditions of readiness, and why one does not hold.

/// A condition of readiness that the core reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Block 0 exists.
    Chain,
    /// Readers see the chain up to where the follower caught up.
    CaughtUp,
    /// The `blockchain` topic can be read, and is the one that was read before.
    Log,
    /// The same for the `transactions` topic.
    Transactions,
}

/// The reason why a condition does not hold.
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
