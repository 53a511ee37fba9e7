//! The status of a miner.

use chain::{Account, Hash};

/// A miner at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Hash of block 0, once it is known.
    pub chain_id: Option<Hash>,
    /// The payee.
    pub account: Account,
    /// The own partitions.
    pub partitions: Vec<u32>,
    /// The current activity.
    pub phase: Phase,
    /// Height and hash of the tip.
    pub tip: Option<(u64, Hash)>,
    /// The block in the making.
    pub slice: Option<Slice>,
    /// Tries of the last sealing, and its duration in microseconds.
    pub rate: Option<(u64, u64)>,
    /// Blocks of this process that came onto the chain.
    pub blocks_won: u64,
    /// Blocks of this process that lost their race.
    pub blocks_stale: u64,
}

/// The activities of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It reads the chain.
    CatchingUp,
    /// There is nothing to seal.
    Waiting,
    /// It searches a nonce.
    Sealing,
    /// It waits to read its block back.
    Proposed,
}

/// The block in the making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Height of the block.
    pub height: u64,
    /// Partition of the slice.
    pub partition: u32,
    /// First offset of the slice.
    pub from_offset: u64,
    /// End of the slice, exclusive.
    pub to_offset: u64,
    /// Records that are INCLUDED.
    pub included: u32,
    /// Records with another verdict.
    pub rejected: u32,
    /// Required work, in compact form.
    pub bits: u32,
}

impl Status {
    /// Tries per second of the last sealing.
    pub fn hash_rate(&self) -> Option<f64> {
        let (tries, elapsed_us) = self.rate?;
        Some(tries as f64 * 1_000_000.0 / elapsed_us.max(1) as f64)
    }

    /// The status before there is a core.
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
