//! Blocks and rewards by miner.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chain::{Accepted, Account};
use fjall::{OwnedWriteBatch, Slice};

use super::bulk::Rows;
use crate::index::Error;
use crate::index::rows::{self, Miner};
use crate::index::schema::{self, Keyspaces};

/// Miners kept in memory at most: the active ones.
const CACHED: usize = 1024;

/// Rows that were read or changed.
#[derive(Default)]
pub(super) struct Cache {
    rows: BTreeMap<Account, (Miner, bool)>,
}

impl Cache {
    /// Counts a block for its miner.
    pub fn won(
        &mut self,
        accepted: &Accepted,
        keyspaces: &Keyspaces,
        out: &mut Rows,
    ) -> Result<(), Error> {
        let Some(miner) = accepted.block.header().miner else {
            return Ok(());
        };
        let key = schema::miner_block(&miner, accepted.height());
        out.miner_blocks.push((key.into(), Slice::empty()));
        let (row, changed) = match self.rows.entry(miner) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(missing) => {
                let row = match keyspaces.miners.get(miner.as_bytes())? {
                    Some(row) => rows::decode(&row)?,
                    None => Miner {
                        first_height: accepted.height(),
                        ..Miner::default()
                    },
                };
                missing.insert((row, false))
            }
        };
        row.blocks += 1;
        row.rewards += accepted.effects.paid;
        row.last_height = accepted.height();
        *changed = true;
        Ok(())
    }

    /// Writes the rows that changed.
    pub fn flush(&mut self, keyspaces: &Keyspaces, out: &mut OwnedWriteBatch) {
        for (miner, (row, changed)) in self.rows.iter_mut().filter(|(_, (_, changed))| *changed) {
            *changed = false;
            out.insert(&keyspaces.miners, miner.as_bytes(), rows::encode(row));
        }
        if self.rows.len() > CACHED {
            self.rows.clear();
        }
    }
}
