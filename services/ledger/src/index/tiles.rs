//! The nodes of the log, in tiles: a tile holds up to 32 neighbouring hashes of every fifth level; levels between are
//! recomputed. A proof reads one tile per five levels, at any size of the log.

use chain::Hash;
use chain::log::{self, Node};
use fjall::{OwnedWriteBatch, Readable, Snapshot};

use super::Error;
use super::schema::{self, Keyspaces, Row, TILE_HASHES, TILE_LEVELS};

const HASH_BYTES: usize = 32;

/// The incomplete tiles, at most one per level: where the log grows.
#[derive(Default)]
pub(super) struct Edges {
    levels: Vec<Edge>,
}

#[derive(Default)]
struct Edge {
    index: u64,
    hashes: Vec<u8>,
    changed: bool,
}

impl Edges {
    /// Loads the edges of a log of `size` leaves.
    pub fn load(keyspaces: &Keyspaces, size: u64) -> Result<Edges, Error> {
        let mut edges = Edges::default();
        for level in 0.. {
            let nodes = size.checked_shr(level * TILE_LEVELS).unwrap_or(0);
            if nodes == 0 {
                break;
            }
            let (index, filled) = (
                nodes / TILE_HASHES,
                (nodes % TILE_HASHES) as usize * HASH_BYTES,
            );
            let mut hashes = Vec::new();
            if filled > 0 {
                let tile = keyspaces.tiles.get(schema::tile(level, index))?;
                let tile = tile
                    .filter(|tile| tile.len() >= filled)
                    .ok_or(Error::Damaged("a tile of the log is missing"))?;
                hashes.extend_from_slice(&tile[..filled]);
            }
            edges.levels.push(Edge {
                index,
                hashes,
                changed: false,
            });
        }
        Ok(edges)
    }

    /// Adds the next leaf hash; full tiles go to `out`.
    pub fn leaf(&mut self, hash: &Hash, out: &mut Vec<Row>) {
        self.push(0, hash, out);
    }

    /// Adds a node that became complete; levels between those of tiles are ignored.
    pub fn node(&mut self, node: &Node, out: &mut Vec<Row>) {
        if node.level > 0 && node.level.is_multiple_of(TILE_LEVELS) {
            self.push((node.level / TILE_LEVELS) as usize, &node.hash, out);
        }
    }

    /// Writes the edges that changed.
    pub fn flush(&mut self, keyspaces: &Keyspaces, batch: &mut OwnedWriteBatch) {
        for (level, edge) in self
            .levels
            .iter_mut()
            .enumerate()
            .filter(|(_, edge)| edge.changed)
        {
            edge.changed = false;
            batch.insert(
                &keyspaces.tiles,
                schema::tile(level as u32, edge.index),
                edge.hashes.as_slice(),
            );
        }
    }

    fn push(&mut self, level: usize, hash: &Hash, out: &mut Vec<Row>) {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Edge::default);
        }
        let edge = &mut self.levels[level];
        edge.hashes.extend_from_slice(&hash.0);
        edge.changed = true;
        if edge.hashes.len() == TILE_HASHES as usize * HASH_BYTES {
            let full = std::mem::take(&mut edge.hashes);
            out.push((schema::tile(level as u32, edge.index).into(), full.into()));
            *edge = Edge {
                index: edge.index + 1,
                hashes: Vec::with_capacity(full_bytes()),
                changed: false,
            };
        }
    }
}

/// The node over leaves `index << level` to `(index + 1) << level` of a log of `size` leaves; `None` if some are missing.
pub(super) fn node(
    snapshot: &Snapshot,
    keyspaces: &Keyspaces,
    size: u64,
    level: u32,
    index: u64,
) -> Result<Option<Hash>, Error> {
    let end = index
        .checked_add(1)
        .and_then(|next| next.checked_mul(1_u64.checked_shl(level)?));
    if end.is_none_or(|end| end > size) {
        return Ok(None);
    }
    let below = level % TILE_LEVELS;
    let first = index << below;
    let tile = snapshot.get(
        &keyspaces.tiles,
        schema::tile(level / TILE_LEVELS, first / TILE_HASHES),
    )?;
    let from = (first % TILE_HASHES) as usize * HASH_BYTES;
    let hashes = tile
        .as_ref()
        .and_then(|tile| tile.get(from..from + (HASH_BYTES << below)));
    let hashes = hashes.ok_or(Error::Damaged("a tile of the log is missing"))?;
    let mut hashes: Vec<Hash> = hashes
        .chunks_exact(HASH_BYTES)
        .filter_map(Hash::from_slice)
        .collect();
    while hashes.len() > 1 {
        hashes = hashes
            .chunks_exact(2)
            .map(|pair| log::node_hash(&pair[0], &pair[1]))
            .collect();
    }
    Ok(hashes.pop())
}

fn full_bytes() -> usize {
    TILE_HASHES as usize * HASH_BYTES
}
