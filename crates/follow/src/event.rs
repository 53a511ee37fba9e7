//! What the core tells: accepted blocks, refused candidates, where it stands, and what ends it.

use std::sync::Arc;

use bytes::Bytes;
use chain::block::Refusal;
use chain::{Accepted, Account, Hash};
use topics::DataLoss;

/// One thing that happened, in the order in which it happened.
#[derive(Debug)]
pub enum Event {
    /// A candidate became the child of the tip, for good.
    Accepted {
        /// The block with everything that an index needs.
        accepted: Arc<Accepted>,
        /// Its offset on the `blockchain` topic.
        offset: u64,
        /// The headers of its record (trace contexts); they mean nothing to the chain.
        headers: Vec<(String, Bytes)>,
    },
    /// A candidate was refused. Nothing changed; this is everyday business (a lost race is one).
    Refused(Refused),
    /// Everything in the log has been dealt with. Told once, until [`Event::Behind`].
    CaughtUp(Lag),
    /// The core is behind the log's end: told when it falls behind for more than a moment, and about once a second
    /// while it catches up.
    Behind(Lag),
    /// The log cannot be read for now. Heals by itself; told once, until [`Event::Available`].
    Unavailable(String),
    /// The log can be read again, and still is the one that was read before.
    Available,
    /// An order `version N` acted that this software does not know: all later candidates are refused as STOPPED,
    /// and what lies below goes on being served. Told once.
    Stopped {
        /// The version that later blocks must have.
        version: u32,
    },
    /// The block whose ancestors' signatures were taken on trust is not on this chain: replay starts again at block
    /// 0, with every signature checked. Whatever was derived from the accepted blocks so far must be dropped.
    Restarted,
    /// The end: the core does nothing any more. Only an operator can help.
    Fatal(Fatal),
}

/// A refused candidate.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its offset on the `blockchain` topic.
    pub offset: u64,
    /// When the log took it.
    pub append_ms: u64,
    /// The first rule that it breaks.
    pub refusal: Refusal,
    /// What its header says, if it has one. Nothing of this is proven, the miner included.
    pub claims: Option<Claims>,
}

/// What the header of a refused candidate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Hash of the header.
    pub hash: Hash,
    /// Height it claims.
    pub height: u64,
    /// Parent it claims.
    pub previous_hash: Hash,
    /// Partition of its slice.
    pub partition: u32,
    /// Miner it names, if that is a well-formed account.
    pub miner: Option<Account>,
    /// What stands where the miner's signature belongs; nobody has checked it.
    pub signature: Box<[u8]>,
}

impl Claims {
    /// Whether the miner that it names has signed the header: then that miner made it, whatever else is wrong with it.
    pub fn is_signed(&self) -> bool {
        chain::block::is_signed(self.miner.as_ref(), &self.hash, &self.signature)
    }
}

/// How far the core is from the end of the `blockchain` topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Every record below this offset has been dealt with.
    pub next_offset: u64,
    /// End of the log (the offset of the record to come) as last known.
    pub end: u64,
}

impl Lag {
    /// Number of offsets that wait to be dealt with.
    pub fn records(&self) -> u64 {
        self.end.saturating_sub(self.next_offset)
    }
}

/// Why the core gave up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fatal {
    /// The log holds another chain than the one asked for.
    #[error(
        "the journal holds the chain {found}, not {expected}: point --journal (or its prefix) at the right log, or give the genesis of the chain that is there"
    )]
    WrongChain {
        /// Chain id asked for.
        expected: Hash,
        /// Chain id found.
        found: Hash,
    },
    /// The log lost or changed records that have been read.
    #[error(transparent)]
    DataLoss(#[from] DataLoss),
    /// The log fails for good, for another reason.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}
