//! Headers: the 156 hashed bytes (format.md, "Header, 156 bytes").
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | version |
//! | 4 | 8 | height |
//! | 12 | 32 | previous hash |
//! | 44 | 32 | log root, after this block |
//! | 76 | 8 | log size, after this block |
//! | 84 | 8 | timestamp in milliseconds |
//! | 92 | 4 | partition |
//! | 96 | 8 | first offset of the slice |
//! | 104 | 8 | end of the slice, exclusive |
//! | 112 | 32 | miner, padded with zeros |
//! | 144 | 4 | bits |
//! | 148 | 8 | nonce |
//!
//! Integers are big-endian.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::hash::Hash;
use crate::wire;

/// Bytes of a header in its hashed form.
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
    /// Partition of `transactions` of the slice.
    pub partition: u32,
    /// First offset of the slice.
    pub from_offset: u64,
    /// End of the slice, exclusive.
    pub to_offset: u64,
    /// The payee; none in block 0, and in candidates whose miner is malformed.
    pub miner: Option<Account>,
    /// The target, in compact form.
    pub bits: u32,
    /// The value found by the search for the work.
    pub nonce: u64,
}

impl Header {
    /// The hashed bytes: fixed widths, big-endian, the miner padded with zeros.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        padded(
            &self.wire(),
            self.miner.map_or([0; 32], |miner| miner.padded()),
        )
    }

    /// Reads the hashed bytes. The length of the miner is not part of them: a valid name padded with zeros reads as
    /// that name, 32 zeros as no miner in block 0, everything else as a key.
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Header {
        let mut rest = &bytes[..];
        let (version, height) = (take_u32(&mut rest), take_u64(&mut rest));
        Header {
            version,
            height,
            previous_hash: Hash(take(&mut rest)),
            log_root: Hash(take(&mut rest)),
            log_size: take_u64(&mut rest),
            timestamp_ms: take_u64(&mut rest),
            partition: take_u32(&mut rest),
            from_offset: take_u64(&mut rest),
            to_offset: take_u64(&mut rest),
            miner: miner_from_padded(&take(&mut rest), height),
            bits: take_u32(&mut rest),
            nonce: take_u64(&mut rest),
        }
    }

    /// The block hash.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.to_bytes())
    }

    /// The header as a message, for an encoded block.
    pub(crate) fn wire(&self) -> wire::Header<'_> {
        wire::Header {
            version: self.version,
            height: self.height,
            previous_hash: &self.previous_hash.0,
            log_root: &self.log_root.0,
            log_size: self.log_size,
            timestamp_ms: self.timestamp_ms,
            partition: self.partition,
            from_offset: self.from_offset,
            to_offset: self.to_offset,
            miner: self.miner.as_ref().map_or(&[], Account::as_bytes),
            bits: self.bits,
            nonce: self.nonce,
        }
    }
}

/// A header as it was read, with the hashed bytes: only these hold a malformed miner. `None`
/// if its hashes do not have 32 bytes, or its miner has more.
pub(crate) fn from_wire(wire: &wire::Header<'_>) -> Option<(Header, [u8; BYTES])> {
    let mut miner = [0; 32];
    miner
        .get_mut(..wire.miner.len())?
        .copy_from_slice(wire.miner);
    let header = Header {
        version: wire.version,
        height: wire.height,
        previous_hash: Hash::from_slice(wire.previous_hash)?,
        log_root: Hash::from_slice(wire.log_root)?,
        log_size: wire.log_size,
        timestamp_ms: wire.timestamp_ms,
        partition: wire.partition,
        from_offset: wire.from_offset,
        to_offset: wire.to_offset,
        miner: Account::from_bytes(wire.miner).ok(),
        bits: wire.bits,
        nonce: wire.nonce,
    };
    Some((header, padded(wire, miner)))
}

/// The 156 bytes of a header whose hashes have 32 bytes.
fn padded(header: &wire::Header<'_>, miner: [u8; 32]) -> [u8; BYTES] {
    let mut out = Vec::with_capacity(BYTES);
    out.extend_from_slice(&header.version.to_be_bytes());
    out.extend_from_slice(&header.height.to_be_bytes());
    out.extend_from_slice(header.previous_hash);
    out.extend_from_slice(header.log_root);
    out.extend_from_slice(&header.log_size.to_be_bytes());
    out.extend_from_slice(&header.timestamp_ms.to_be_bytes());
    out.extend_from_slice(&header.partition.to_be_bytes());
    out.extend_from_slice(&header.from_offset.to_be_bytes());
    out.extend_from_slice(&header.to_offset.to_be_bytes());
    out.extend_from_slice(&miner);
    out.extend_from_slice(&header.bits.to_be_bytes());
    out.extend_from_slice(&header.nonce.to_be_bytes());
    out.try_into()
        .expect("the widths of the fields add up to 156")
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, left) = rest
        .split_first_chunk()
        .expect("the widths of the fields add up to 156");
    *rest = left;
    *taken
}

fn take_u32(rest: &mut &[u8]) -> u32 {
    u32::from_be_bytes(take(rest))
}

fn take_u64(rest: &mut &[u8]) -> u64 {
    u64::from_be_bytes(take(rest))
}

fn miner_from_padded(padded: &[u8; 32], height: u64) -> Option<Account> {
    let length = padded
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |last| last + 1);
    match Account::from_bytes(&padded[..length]) {
        Ok(account) => Some(account),
        Err(_) if length == 0 && height == 0 => None,
        Err(_) => Some(Account::from_key(*padded)),
    }
}
