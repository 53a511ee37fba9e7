//! Events of the core: accepted blocks, refused candidates, progress, failure.

use std::sync::Arc;

use bytes::Bytes;
use chain::block::{Block, Refusal};
use chain::{Accepted, Hash, Header};
use topics::DataLoss;

/// Bytes kept of a refused candidate's signature: one more than a valid one has.
const SIGNATURE_KEPT_BYTES: usize = 65;

/// An event, in the order of occurrence.
#[derive(Debug)]
pub enum Event {
    /// A candidate became the child of the tip, for good.
    Accepted {
        /// The block with everything that an index needs.
        accepted: Arc<Accepted>,
        /// Offset of its record on the `blockchain` topic.
        offset: u64,
        /// Headers of its record (trace contexts); they mean nothing to the chain.
        headers: Vec<(String, Bytes)>,
    },
    /// A candidate was refused, and nothing changed. This is routine (a lost race is one).
    Refused(Refused),
    /// Every candidate has been processed. Emitted once per catch-up.
    CaughtUp(Lag),
    /// The core is behind the end of the topic. Emitted when it falls behind for more than a moment, and about once a
    /// second while it catches up.
    Behind(Lag),
    /// The topic cannot be read for now. Heals by itself; emitted once, until [`Event::Available`].
    Unavailable(String),
    /// The topic can be read again, and still is the one that was read before.
    Available,
    /// An order `version N` acted that this software does not know: all later candidates are refused as STOPPED,
    /// and the blocks before remain served. Emitted once.
    Stopped {
        /// The version that later blocks must have.
        version: u32,
    },
    /// The trusted block is not on this chain: the replay restarts at block 0, with every signature checked. Everything
    /// derived from the blocks accepted so far must be dropped.
    Restarted,
    /// The core has given up: it does nothing more. Only an operator can help.
    Fatal(Fatal),
}

/// A refused candidate.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Offset of its record on the `blockchain` topic.
    pub offset: u64,
    /// Append time of its record.
    pub append_ms: u64,
    /// The first rule that it broke.
    pub refusal: Refusal,
    /// The claims of its header, if it has one. Nothing of this is proven, the miner included.
    pub claims: Option<Box<Claims>>,
}

/// The claims of a refused candidate's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Hash of the header.
    pub hash: Hash,
    /// The 156 hashed bytes, decoded.
    pub header: Header,
    /// The bytes in place of the miner's signature, not verified.
    pub signature: Box<[u8]>,
}

impl Claims {
    pub(crate) fn of(block: &Block) -> Claims {
        let signature = block.signature();
        Claims {
            hash: block.hash(),
            header: *block.header(),
            signature: signature[..signature.len().min(SIGNATURE_KEPT_BYTES)].into(),
        }
    }

    /// True if the claimed miner has signed the header: then that miner made it, whatever else is wrong with it.
    pub fn is_signed(&self) -> bool {
        chain::block::is_signed(self.header.miner.as_ref(), &self.hash, &self.signature)
    }
}

/// The distance of the core to the end of the `blockchain` topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Every record below this offset has been processed.
    pub next_offset: u64,
    /// End of the topic as last known.
    pub end: u64,
}

impl Lag {
    /// Number of offsets that have not been processed.
    pub fn records(&self) -> u64 {
        self.end.saturating_sub(self.next_offset)
    }
}

/// The reason why the core gave up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fatal {
    /// The topic holds another chain than the expected one.
    #[error(
        "the journal holds the chain {found}, not {expected}: point --journal (or its prefix) at the right topics, or give the genesis of the chain that is there"
    )]
    WrongChain {
        /// Expected chain id.
        expected: Hash,
        /// Chain id of the topic.
        found: Hash,
    },
    /// The topic lost or changed records that have been read.
    #[error(transparent)]
    DataLoss(#[from] DataLoss),
    /// The journal fails for good, for another reason.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}
