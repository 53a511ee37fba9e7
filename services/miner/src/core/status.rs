//! What a miner is doing, for those who ask.

use chain::{Account, Hash};

/// A miner at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The chain, once it is known.
    pub chain_id: Option<Hash>,
    /// Who is paid.
    pub account: Account,
    /// The partitions it is pinned to.
    pub partitions: Vec<u32>,
    /// What it is doing.
    pub phase: Phase,
    /// Height and hash of the tip.
    pub tip: Option<(u64, Hash)>,
    /// The block being made.
    pub slice: Option<Slice>,
    /// Tries of the last sealing and the microseconds they took.
    pub rate: Option<(u64, u64)>,
    /// Blocks of this process that are on the chain.
    pub blocks_won: u64,
    /// Blocks of this process that came too late.
    pub blocks_stale: u64,
}

/// What a miner can be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reads the chain.
    CatchingUp,
    /// Nothing to seal.
    Waiting,
    /// Looks for a nonce.
    Sealing,
    /// Waits to read its block back.
    Proposed,
}

/// The block being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its height.
    pub height: u64,
    /// Partition that it takes records from.
    pub partition: u32,
    /// First offset.
    pub from_offset: u64,
    /// End, exclusive.
    pub to_offset: u64,
    /// Records INCLUDED.
    pub included: u32,
    /// Records refused.
    pub rejected: u32,
    /// Work asked for, in compact form.
    pub bits: u32,
}

impl Status {
    /// Tries a second over the last sealing.
    pub fn hash_rate(&self) -> Option<f64> {
        let (tries, elapsed_us) = self.rate?;
        Some(tries as f64 * 1_000_000.0 / elapsed_us.max(1) as f64)
    }

    /// A miner that knows nothing yet.
    pub fn before(account: Account, partitions: Vec<u32>) -> Status {
        Status {
            chain_id: None,
            account,
            partitions,
            phase: Phase::CatchingUp,
            tip: None,
            slice: None,
            rate: None,
            blocks_won: 0,
            blocks_stale: 0,
        }
    }
}
