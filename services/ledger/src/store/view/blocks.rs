//! Blocks.

use bytes::Bytes;
use chain::{Account, Hash};

use super::View;
use crate::store::Error;
use crate::store::answer::Block;

impl View {
    /// The block at a height; `None` above the tip.
    pub fn block(&self, height: u64) -> Result<Option<Block>, Error> {
        todo!("{height}")
    }

    /// Height of the block with this hash.
    pub fn height_of(&self, hash: &Hash) -> Result<Option<u64>, Error> {
        todo!("{hash}")
    }

    /// The value of the block's record on the `blockchain` topic, byte for byte.
    pub fn raw_block(&self, block: &Block) -> Result<Bytes, Error> {
        todo!("{block:?}")
    }

    /// Heights of a miner's blocks within `heights`, at most `limit`, in ascending order or, with `newest_first`, descending.
    pub fn blocks_of(
        &self,
        miner: &Account,
        heights: std::ops::Range<u64>,
        newest_first: bool,
        limit: usize,
    ) -> Result<Vec<u64>, Error> {
        todo!("{miner} {heights:?} {newest_first} {limit}")
    }
}
