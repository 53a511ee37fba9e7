//! Keyspaces and keys of the index. All numbers in keys are big-endian, so that keys sort as the numbers do.
//!
//! Records are kept in chunks of [`CHUNK_LEAVES`], nodes of the log in tiles, entries in groups: one key holds many, since
//! the cost of an ordered store grows with the number of keys.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Slice};

use super::Error;
use chain::{Account, Hash};

/// Incremented with every change of keys or rows; an index of another format is rebuilt.
pub(super) const FORMAT: u32 = 1;

/// Leaves per chunk of records: few enough that a lookup decodes a few KiB, enough that the cost of a key is small.
pub(super) const CHUNK_LEAVES: u64 = 32;

/// Levels of the log per tile: 2^5 hashes, 1 KiB; any node is recomputed with at most 31 hashes.
pub(super) const TILE_LEVELS: u32 = 5;

/// Hashes in a full tile.
pub(super) const TILE_HASHES: u64 = 1 << TILE_LEVELS;

/// Entries per group, of one account and block.
pub(super) const GROUP_ENTRIES: usize = 64;

/// Bytes of an id in the keys of transactions. Making two ids that begin alike takes 2^64 tries of one's own transactions;
/// a row that is found is compared with the full id.
pub(super) const ID_BYTES: usize = 16;

/// Memory that a keyspace fills before it writes a table, in bytes.
const MEMTABLE_BYTES: u64 = 8 << 20;

/// A key and its value.
pub(super) type Row = (Slice, Slice);

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
    /// Leaf of the first slot → [`super::rows::Marks`] of the same slots.
    pub marks: Keyspace,
    /// Beginning of an id → [`super::rows::Place`] of the first occurrence, the one that counts: every verdict on an id is
    /// final, so a later copy of an included one is NONCE_TOO_LOW, and one of a refused one is refused, too.
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
    /// Resolution, start → [`crate::model::answer::Bucket`].
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
            // Written once, rarely read, and most of all bytes: kept out of the tables that are merged again and again.
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

    /// All keyspaces.
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

/// Keys of `meta`.
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

/// Key of a height, leaf, offset or plain number.
pub(super) fn number(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

/// Decodes a key of 8 bytes.
pub(super) fn read_number(key: &[u8]) -> Result<u64, Error> {
    Ok(u64::from_be_bytes(
        key.try_into()
            .map_err(|_| Error::Damaged("a key of another length"))?,
    ))
}

/// Key of a partition and an offset.
pub(super) fn slice(partition: u32, offset: u64) -> [u8; 12] {
    join(partition.to_be_bytes(), offset.to_be_bytes())
}

/// Key of an account's number and a leaf.
pub(super) fn history(account: u32, leaf: u64) -> [u8; 12] {
    join(account.to_be_bytes(), leaf.to_be_bytes())
}

/// Key of an id: its beginning.
pub(super) fn id(id: &Hash) -> [u8; ID_BYTES] {
    *id.0
        .first_chunk()
        .expect("an id is longer than its beginning")
}

/// Key of a tile.
pub(super) fn tile(level: u32, index: u64) -> [u8; 9] {
    join([level as u8], index.to_be_bytes())
}

/// Key of a bucket of a series.
pub(super) fn bucket(resolution: u8, start: u64) -> [u8; 9] {
    join([resolution], start.to_be_bytes())
}

/// Key of a candidate's hash and offset.
pub(super) fn candidate_hash(hash: &Hash, offset: u64) -> [u8; 40] {
    join(hash.0, offset.to_be_bytes())
}

/// Key of a miner's block. The length before the account keeps one name from being a prefix of another.
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
