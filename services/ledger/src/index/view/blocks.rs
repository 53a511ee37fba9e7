//! Blocks.

use std::ops::Range;

use bytes::Bytes;
use chain::{Account, Hash};
use fjall::{Readable, Slice};
use prost::Message;
use proto::chain::v1 as wire;

use super::View;
use crate::index::rows::{self, Chunk, Slot};
use crate::index::{Error, schema};
use crate::model::answer::Block;

impl View {
    /// The block at a height; `None` above the tip.
    pub fn block(&self, height: u64) -> Result<Option<Block>, Error> {
        Ok(self.block_row(height)?.map(|row| row.block))
    }

    /// Height of the block with this hash.
    pub fn height_of(&self, hash: &Hash) -> Result<Option<u64>, Error> {
        let key = self
            .snapshot
            .store
            .get(&self.snapshot.keyspaces.heights, hash)?;
        let height = key.map(|key| schema::read_number(&key)).transpose()?;
        // A crash may leave rows of blocks that are not in the index yet.
        Ok(height.filter(|height| *height <= self.tip().height()))
    }

    /// The value of the block's record on the `blockchain` topic, byte for byte. It is reassembled from its parts: the
    /// encoding is canonical, so there is only one.
    pub fn raw_block(&self, block: &Block) -> Result<Bytes, Error> {
        let header = &block.header;
        if header.height == 0 {
            return Ok(self.rules().genesis.block_zero());
        }
        let mut whole = wire::Block {
            header: Some(wire::Header {
                version: header.version,
                height: header.height,
                previous_hash: Bytes::copy_from_slice(&header.previous_hash.0),
                log_root: Bytes::copy_from_slice(&header.log_root.0),
                log_size: header.log_size,
                timestamp_ms: header.timestamp_ms,
                partition: header.partition,
                from_offset: header.from_offset,
                to_offset: header.to_offset,
                miner: header
                    .miner
                    .map(|miner| Bytes::copy_from_slice(miner.as_bytes()))
                    .unwrap_or_default(),
                bits: header.bits,
                nonce: header.nonce,
            }),
            signature: block.signature.clone(),
            ..wire::Block::default()
        };
        let mut verdicts = Vec::new();
        for chunk in self.chunks_of(block.first_leaf, header.log_size) {
            let (_, row) = chunk?;
            let chunk: Chunk<'_> = rows::decode(&row)?;
            let mut offset = chunk.from_offset;
            for slot in chunk.slots {
                let end = offset + slot.offsets();
                match slot {
                    Slot::Record {
                        carried, verdict, ..
                    } => {
                        whole.records.push(Bytes::copy_from_slice(carried));
                        verdicts.push(verdict.byte());
                    }
                    Slot::Void { .. } => whole.holes.push(wire::Hole {
                        from_offset: offset,
                        to_offset: end,
                    }),
                }
                offset = end;
            }
        }
        whole.verdicts = verdicts.into();
        let raw = Bytes::from(whole.encode_to_vec());
        match raw.len() == block.size_bytes as usize {
            true => Ok(raw),
            false => Err(Error::Damaged("a block has lost some of its records")),
        }
    }

    /// Heights of a miner's blocks within `heights`, at most `limit`, in ascending order or, with `newest_first`, descending.
    pub fn blocks_of(
        &self,
        miner: &Account,
        heights: Range<u64>,
        newest_first: bool,
        limit: usize,
    ) -> Result<Vec<u64>, Error> {
        if heights.is_empty() {
            return Ok(Vec::new());
        }
        let keys =
            schema::miner_block(miner, heights.start)..schema::miner_block(miner, heights.end);
        let range = self
            .snapshot
            .store
            .range(&self.snapshot.keyspaces.miner_blocks, keys);
        let height = |guard: fjall::Guard| {
            let key = guard.key()?;
            schema::read_number(&key[key.len().saturating_sub(8)..])
        };
        if newest_first {
            range.rev().take(limit).map(height).collect()
        } else {
            range.take(limit).map(height).collect()
        }
    }

    pub(super) fn block_row(&self, height: u64) -> Result<Option<rows::Block>, Error> {
        if height > self.tip().height() {
            return Ok(None);
        }
        let snapshot = &self.snapshot;
        if let Some(row) = snapshot.blocks.get(&height) {
            return Ok(Some(row));
        }
        let key = schema::number(height);
        let row = snapshot.store.get(&snapshot.keyspaces.blocks, key)?;
        let row = rows::Block::read(&row.ok_or(Error::Damaged("a block is missing"))?)?;
        snapshot.blocks.insert(height, row.clone());
        Ok(Some(row))
    }

    /// The rows of the chunks of a block in order, each with the leaf of its first slot.
    pub(super) fn chunks_of(
        &self,
        first_leaf: u64,
        log_size: u64,
    ) -> impl Iterator<Item = Result<(u64, Slice), Error>> {
        let leaves = schema::number(first_leaf + 1)..schema::number(log_size.max(first_leaf + 1));
        self.range(&self.snapshot.keyspaces.records, leaves)
            .map(|row| {
                let (key, value) = row?;
                Ok((schema::read_number(&key)?, value))
            })
    }
}
