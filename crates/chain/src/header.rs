//! Headers: the 156 bytes that are hashed.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::hash::Hash;

/// Bytes of a header as it is hashed.
pub const BYTES: usize = 156;

/// The version of the format that this software knows.
pub const VERSION: u32 = 1;

/// The sealed part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// 0 for the genesis block, else one more than the parent's.
    pub height: u64,
    /// Hash of the parent.
    pub previous_hash: Hash,
    /// Root of the log after this block.
    pub log_root: Hash,
    /// Leaves of the log after this block.
    pub log_size: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// Partition of `transactions` that the slice lies in.
    pub partition: u32,
    /// First offset of the slice.
    pub from_offset: u64,
    /// End of the slice, exclusive.
    pub to_offset: u64,
    /// Who is paid; none in block 0, and in candidates whose miner is malformed.
    pub miner: Option<Account>,
    /// The target, in compact form.
    pub bits: u32,
    /// What the search for the work found.
    pub nonce: u64,
}

impl Header {
    /// The bytes that are hashed: fixed widths, big-endian, the miner filled up with zeros.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        todo!()
    }

    /// Reads the bytes that are hashed. They do not hold the length of the miner: what is a name with
    /// zeros behind it is taken for that name, zeros alone for no miner in block 0 and else for a key.
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Header {
        todo!("{bytes:?}")
    }

    /// The block hash.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.to_bytes())
    }
}
