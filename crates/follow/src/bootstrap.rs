//! The first start of a chain: topics, and block 0.

use std::sync::Arc;

use chain::genesis::Rules;
use chain::{Genesis, Hash};
use journal::{Fault, Journal};

/// Why a chain cannot be established.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The journal holds another chain.
    #[error(
        "the journal holds the chain {found}, and the genesis given is that of {expected}: give the genesis of the chain that is there, \
         or another prefix (kafka://HOST:PORT/PREFIX) to start a second one beside it"
    )]
    WrongChain {
        /// Id of the chain that the genesis makes.
        expected: Hash,
        /// Id of the chain found.
        found: Hash,
    },
    /// The genesis breaks a rule.
    #[error("the genesis is not valid: {0:?}")]
    Genesis(chain::genesis::Fault),
    /// A topic is set up so that a chain on it would not be safe.
    #[error("topic {topic}: {setting} is {found} and must be {expected}")]
    Setting {
        /// The topic as the provider names it.
        topic: String,
        /// Name of the setting.
        setting: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The log does not go back to block 0.
    #[error(
        "the topic {topic} begins at offset {start}: block 0 is gone, and only a snapshot that covers this can go on"
    )]
    Pruned {
        /// The topic as the provider names it.
        topic: String,
        /// First offset that is there.
        start: u64,
    },
    /// The log fails for good.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// Told to stop while the log was unavailable.
    #[error("stopped while waiting for the journal")]
    Cancelled,
}

/// A chain that is there.
#[derive(Debug)]
pub struct Established {
    /// Its rules; `None`: there is no block 0 yet (and no genesis was given).
    pub rules: Option<Arc<Rules>>,
    /// Settings of the topics that differ from what they should be, but not dangerously: (topic, fault).
    pub warnings: Vec<(String, Fault)>,
}

/// With a genesis: makes the topics and publishes block 0 unless they are there, and refuses another chain. Without: looks at what is there.
/// Both check the topics' settings. Any number of processes may do so at once: the first block 0 in the log is the chain.
///
/// Blocks. While the log is unavailable it tries again with backoff, tells `trouble` each time, and gives up when `cancelled` says so.
pub fn establish(
    _journal: &Journal,
    _genesis: Option<&Genesis>,
    _cancelled: &dyn Fn() -> bool,
    _trouble: &dyn Fn(&journal::Error),
) -> Result<Established, Error> {
    todo!()
}

/// Looks once for the first valid block 0; `None`: there is none yet (or no topic). Blocks; retryable errors of the log are returned.
pub fn find_genesis(_journal: &Journal) -> Result<Option<Arc<Rules>>, Error> {
    todo!()
}
