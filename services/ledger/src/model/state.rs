//! The state of the index.

use chain::{Account, Header};
use serde::{Deserialize, Serialize};

/// The row of the index's state. It is part of every batch, in the same atomic write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The last block in the index.
    pub tip: Header,
    /// True if it may be served: every signature has been checked, or the trusted block has been reached.
    pub usable: bool,
    /// Every candidate on `blockchain` below this offset is in the index.
    pub applied_offset: u64,
    /// Accounts that any block has changed.
    pub accounts: u64,
    /// Records that were INCLUDED.
    pub included: u64,
    /// Records with another verdict.
    pub rejected: u64,
    /// Sum of all balances.
    pub supply: i64,
    /// Keys that may mine the next block; empty: anyone may.
    pub miners: Vec<Account>,
    /// Next offset that a block must consume, by partition.
    pub cursors: Vec<u64>,
    /// Progress of the audit, by partition: every offset below has been compared.
    pub audited: Vec<u64>,
    /// Every block up to this height has been compared.
    pub checked_height: Option<u64>,
    /// Number of findings.
    pub findings: u64,
}
