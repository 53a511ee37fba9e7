//! The genesis: the content of block 0.

pub mod file;
mod validate;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use strum::EnumIter;

pub use file::{from_json, to_json};

use crate::account::Account;
use crate::hash::Hash;
use crate::wire;

/// The parameters of one chain, as block 0 carries them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Name of the chain: `[a-z0-9][a-z0-9._-]{0,63}`.
    pub name: String,
    /// Time of block 0, in milliseconds since the Unix epoch; below 2^53.
    pub timestamp_ms: u64,
    /// True if named accounts are allowed.
    pub open: bool,
    /// Partitions of `transactions`: 1 to 1024.
    pub partitions: u32,
    /// Reward of a block for its miner; below 2^31.
    pub reward: u64,
    /// The easiest target, in compact form.
    pub bits: u32,
    /// Target interval of blocks in milliseconds: 0 (the work never changes), or 1 000 to 86 400 000.
    pub target_block_ms: u64,
    /// Most offsets that one block may seal: 1 to 10 000.
    pub max_block_records: u32,
    /// Most bytes that one block may have: 64 KiB to 16 MiB.
    pub max_block_bytes: u32,
    /// Initial balances.
    pub allocations: Vec<Allocation>,
    /// Keys that may mine; empty: anyone may.
    pub miners: Vec<Account>,
    /// The key that may change the list of miners and the version.
    pub admin: Option<Account>,
}

/// An initial balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The account that gets it; distinct within a genesis.
    pub account: Account,
    /// The balance; all together at most 2^62.
    pub amount: u64,
}

/// The immutable parameters of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Hash of block 0.
    pub chain_id: Hash,
    /// The content of block 0.
    pub genesis: Genesis,
}

/// A fault of a block 0: the first rule that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, thiserror::Error)]
pub enum Fault {
    /// format.md, "Genesis (block 0)", the Block: "canonical, a header, one record, no verdicts, holes or signature".
    #[error("not a block 0: a canonical block with a header and one record only")]
    NotBlockZero,
    /// format.md, "Genesis (block 0)", the record: "canonical Genesis of at most 1 MiB".
    #[error("the record is not a canonical Genesis of at most 1 MiB")]
    Undecodable,
    /// format.md, "Genesis (block 0)", `name`: "`[a-z0-9][a-z0-9._-]{0,63}`".
    #[error("name is not [a-z0-9][a-z0-9._-]{{0,63}}")]
    BadName,
    /// format.md, "Genesis (block 0)", `timestamp_ms`: "timestamp < 2^53".
    #[error("timestamp_ms is not below 2^53")]
    BadTime,
    /// format.md, "Genesis (block 0)", `partitions`: "1 to 1024".
    #[error("partitions is not 1 to 1024")]
    BadPartitions,
    /// format.md, "Genesis (block 0)", `reward`: "below 2^31".
    #[error("reward is not below 2^31")]
    BadReward,
    /// format.md, "Genesis (block 0)", `bits`: "exponent ≤ 33, 2^128 ≤ target < 2^256, canonical".
    #[error("bits are not canonical, or their target is not from 2^128 to below 2^256")]
    BadBits,
    /// format.md, "Genesis (block 0)", `target_block_ms`: "0, or 1 000 to 86 400 000".
    #[error("target_block_ms is neither 0 nor 1000 to 86400000")]
    BadInterval,
    /// format.md, "Genesis (block 0)", `max_block_records`, `max_block_bytes`: "1 to 10 000; 64 KiB to 16 MiB".
    #[error("max_block_records is not 1 to 10000, or max_block_bytes not 64 KiB to 16 MiB")]
    BadLimits,
    /// format.md, "Genesis (block 0)", `allocations`: "accounts well-formed, distinct, named only if open; sum ≤ 2^62".
    #[error(
        "allocations are malformed, doubled, to names on a chain that is not open, or more than 2^62"
    )]
    BadAllocations,
    /// format.md, "Genesis (block 0)", `miners`: "keys, distinct".
    #[error("miners are not distinct keys")]
    BadMiners,
    /// format.md, "Genesis (block 0)", `admin`: "a key".
    #[error("admin is not a key")]
    BadAdmin,
    /// format.md, "Genesis (block 0)", the header: "Whatever is wrong in it".
    #[error("the header is not the one that follows from the genesis")]
    BadHeader,
}

impl Fault {
    /// The stable name, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Fault::NotBlockZero => "NOT_BLOCK_ZERO",
            Fault::Undecodable => "GENESIS_UNDECODABLE",
            Fault::BadName => "GENESIS_BAD_NAME",
            Fault::BadTime => "GENESIS_BAD_TIME",
            Fault::BadPartitions => "GENESIS_BAD_PARTITIONS",
            Fault::BadReward => "GENESIS_BAD_REWARD",
            Fault::BadBits => "GENESIS_BAD_BITS",
            Fault::BadInterval => "GENESIS_BAD_INTERVAL",
            Fault::BadLimits => "GENESIS_BAD_LIMITS",
            Fault::BadAllocations => "GENESIS_BAD_ALLOCATIONS",
            Fault::BadMiners => "GENESIS_BAD_MINERS",
            Fault::BadAdmin => "GENESIS_BAD_ADMIN",
            Fault::BadHeader => "GENESIS_BAD_HEADER",
        }
    }
}

impl Default for Genesis {
    /// The tools' defaults. The maker sets name and time.
    fn default() -> Genesis {
        Genesis {
            name: "blocklog".to_owned(),
            timestamp_ms: 0,
            open: false,
            partitions: 2,
            reward: 1,
            bits: 0x1f00_ffff,
            target_block_ms: 0,
            max_block_records: 10_000,
            max_block_bytes: 3 << 20,
            allocations: Vec::new(),
            miners: Vec::new(),
            admin: None,
        }
    }
}

impl Genesis {
    /// The canonical encoding: the one record of block 0.
    pub fn encode(&self) -> Bytes {
        wire::Genesis {
            name: &self.name,
            timestamp_ms: self.timestamp_ms,
            open: self.open,
            partitions: self.partitions,
            reward: self.reward,
            bits: self.bits,
            target_block_ms: self.target_block_ms,
            max_block_records: self.max_block_records,
            max_block_bytes: self.max_block_bytes,
            allocations: (self.allocations.iter())
                .map(|allocation| (allocation.account.as_bytes(), allocation.amount))
                .collect(),
            miners: self.miners.iter().map(Account::as_bytes).collect(),
            admin: self.admin.as_ref().map_or(&[], Account::as_bytes),
        }
        .encode()
        .into()
    }

    /// Decodes and validates the record of block 0.
    pub fn decode(record: &[u8]) -> Result<Genesis, Fault> {
        validate::decode(record)
    }

    /// Checks every field.
    pub fn validate(&self) -> Result<(), Fault> {
        Genesis::decode(&self.encode()).map(|_| ())
    }
}
