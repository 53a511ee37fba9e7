//! Keyspaces and keys of the index. All numbers in keys are big-endian, so that keys sort as the numbers do.
//!
//! Records are kept in chunks of [`CHUNK_LEAVES`], nodes of the log in tiles, entries in groups: one key holds many, for
//! it is the number of keys that an ordered store makes one pay for.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions};

use super::Error;
use chain::{Account, Hash};

/// Changes with every change of the keys or rows; an index of another format is rebuilt.
pub(super) const FORMAT: u32 = 1;

/// Leaves of records or voids in one chunk: small enough that a lookup decodes a few KiB, large enough that a key costs little.
pub(super) const CHUNK_LEAVES: u64 = 32;

/// Levels of the log in one tile: 2^5 hashes, 1 KiB, of which any node is recomputed with at most 31 hashes.
pub(super) const TILE_LEVELS: u32 = 5;

/// Hashes in a full tile.
pub(super) const TILE_HASHES: u64 = 1 << TILE_LEVELS;

/// Entries of one account and block in one group.
pub(super) const GROUP_ENTRIES: usize = 64;

/// Bytes of an id in the keys of transactions. Two ids that begin alike take 2^64 tries of somebody's own transactions to
/// find; what is found is compared with the full id.
pub(super) const ID_BYTES: usize = 16;

/// Memory that one keyspace collects before it writes a table, in bytes.
const MEMTABLE_BYTES: u64 = 8 << 20;

/// The keyspaces, by what their keys and values are.
#[derive(Clone)]
pub(super) struct Keyspaces {
    /// Name → format, genesis record, [`crate::model::State`], [`super::rows::Kept`].
    pub meta: Keyspace,
    /// Height → [`super::rows::Block`].
    pub blocks: Keyspace,
    /// Block hash → height.
    pub heights: Keyspace,
    /// Partition, first offset of a slice → height.
    pub slices: Keyspace,
    /// Leaf of the first slot → [`super::rows::Chunk`].
    pub records: Keyspace,
    /// Leaf of the first slot → [`super::rows::Marks`]: what only the topic knows of the same slots.
    pub marks: Keyspace,
    /// Beginning of an id → [`super::rows::Place`] of the first occurrence, which is the one that counts: every verdict on an id
    /// is final, so what comes after an included one is NONCE_TOO_LOW, and after a refused one refused too.
    pub ids: Keyspace,
    /// Beginning of an id → [`super::rows::Omitted`].
    pub omitted: Keyspace,
    /// Bytes of an account → its number.
    pub accounts: Keyspace,
    /// Account number, leaf of the first entry → [`super::rows::Group`].
    pub history: Keyspace,
    /// Level in tiles, index → hashes of the tile so far.
    pub tiles: Keyspace,
    /// Offset on `blockchain` → [`super::rows::Candidate`].
    pub candidates: Keyspace,
    /// Hash of a candidate, its offset → nothing.
    pub candidate_hashes: Keyspace,
    /// Bytes of an account → [`super::rows::Miner`].
    pub miners: Keyspace,
    /// Account with its length before it, height → nothing.
    pub miner_blocks: Keyspace,
    /// Resolution, start → [`super::rows::Bucket`].
    pub series: Keyspace,
    /// Number → [`crate::model::answer::Finding`].
    pub findings: Keyspace,
}

impl Keyspaces {
    /// Opens the keyspaces, creating those that are missing.
    pub fn open(database: &Database) -> Result<Keyspaces, Error> {
        let open =
            |name: &str| -> Result<Keyspace, Error> { Ok(database.keyspace(name, options)?) };
        Ok(Keyspaces {
            meta: open("meta")?,
            blocks: open("blocks")?,
            heights: open("heights")?,
            slices: open("slices")?,
            // Written once, read seldom, and most of all bytes: kept out of the tables that are merged over and over.
            records: database.keyspace("records", || {
                options().with_kv_separation(Some(KvSeparationOptions::default()))
            })?,
            marks: open("marks")?,
            ids: open("ids")?,
            omitted: open("omitted")?,
            accounts: open("accounts")?,
            history: open("history")?,
            tiles: open("tiles")?,
            candidates: open("candidates")?,
            candidate_hashes: open("candidate_hashes")?,
            miners: open("miners")?,
            miner_blocks: open("miner_blocks")?,
            series: open("series")?,
            findings: open("findings")?,
        })
    }

    /// Every one of them.
    pub fn all(&self) -> [&Keyspace; 17] {
        [
            &self.meta,
            &self.blocks,
            &self.heights,
            &self.slices,
            &self.records,
            &self.marks,
            &self.ids,
            &self.omitted,
            &self.accounts,
            &self.history,
            &self.tiles,
            &self.candidates,
            &self.candidate_hashes,
            &self.miners,
            &self.miner_blocks,
            &self.series,
            &self.findings,
        ]
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
}

/// The names in `meta`.
pub(super) mod meta {
    /// [`super::FORMAT`], 4 bytes.
    pub const FORMAT: &[u8] = b"format";
    /// The canonical genesis record.
    pub const GENESIS: &[u8] = b"genesis";
    /// [`crate::model::State`].
    pub const STATE: &[u8] = b"state";
    /// [`crate::index::rows::Kept`].
    pub const KEPT: &[u8] = b"shelf";
}

/// A height, a leaf, an offset or a number by itself.
pub(super) fn number(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

/// The number that a key of 8 bytes is.
pub(super) fn read_number(key: &[u8]) -> Result<u64, Error> {
    Ok(u64::from_be_bytes(
        key.try_into()
            .map_err(|_| Error::Damaged("a key of another length"))?,
    ))
}

/// A partition and an offset.
pub(super) fn slice(partition: u32, offset: u64) -> [u8; 12] {
    join(partition.to_be_bytes(), offset.to_be_bytes())
}

/// An account's number and a leaf.
pub(super) fn history(account: u32, leaf: u64) -> [u8; 12] {
    join(account.to_be_bytes(), leaf.to_be_bytes())
}

/// The beginning of an id.
pub(super) fn id(id: &Hash) -> [u8; ID_BYTES] {
    *id.0
        .first_chunk()
        .expect("an id is longer than its beginning")
}

/// A tile.
pub(super) fn tile(level: u32, index: u64) -> [u8; 9] {
    join([level as u8], index.to_be_bytes())
}

/// A bucket of a series.
pub(super) fn bucket(resolution: u8, start: u64) -> [u8; 9] {
    join([resolution], start.to_be_bytes())
}

/// A candidate's hash and offset.
pub(super) fn candidate_hash(hash: &Hash, offset: u64) -> [u8; 40] {
    join(hash.0, offset.to_be_bytes())
}

/// A miner's block. The length before the account keeps one name from being the beginning of another.
pub(super) fn miner_block(miner: &Account, height: u64) -> Vec<u8> {
    let bytes = miner.as_bytes();
    let mut key = Vec::with_capacity(9 + bytes.len());
    key.push(bytes.len() as u8);
    key.extend_from_slice(bytes);
    key.extend_from_slice(&height.to_be_bytes());
    key
}

fn join<const A: usize, const B: usize, const N: usize>(a: [u8; A], b: [u8; B]) -> [u8; N] {
    const { assert!(A + B == N) };
    let mut key = [0; N];
    key[..A].copy_from_slice(&a);
    key[A..].copy_from_slice(&b);
    key
}
