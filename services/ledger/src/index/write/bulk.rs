//! The rows that make up most of a replay: blocks, records, times, nodes of the log, ids of transactions, history of accounts.
//!
//! In small batches they are written like all rows, through the store's journal and memory. In a large batch they are sorted
//! and become tables at once, which takes a fraction of time and memory. They exist before the batch that they
//! belong to: readers ignore rows beyond the tip, and after a crash the replay writes the same rows again.

use fjall::{Keyspace, OwnedWriteBatch};

use crate::index::Error;
use crate::index::schema::{Keyspaces, Row};
use crate::model::Batch;
use crate::model::batch::TABLE_BYTES;

/// A smaller batch of a replay is its last one; below this many bytes a table is not worth its files.
const LAST_BYTES: usize = 256 << 10;

/// An audit that catches up writes nothing but marks, and at least this many at once.
const MANY_MARKS: usize = 512;

/// Rows of one batch, by keyspace.
#[derive(Default)]
pub(super) struct Rows {
    pub blocks: Vec<Row>,
    pub heights: Vec<Row>,
    pub slices: Vec<Row>,
    pub miner_blocks: Vec<Row>,
    pub records: Vec<Row>,
    pub marks: Vec<Row>,
    pub tiles: Vec<Row>,
    pub ids: Vec<Row>,
    pub accounts: Vec<Row>,
    pub history: Vec<Row>,
}

impl Rows {
    /// Adds a row to the batch, or in a replay to the tables. Of rows with equal keys the first counts.
    pub fn put(
        self,
        keyspaces: &Keyspaces,
        batch: &Batch,
        out: &mut OwnedWriteBatch,
    ) -> Result<(), Error> {
        let large = if batch.replay {
            LAST_BYTES
        } else {
            TABLE_BYTES
        };
        let replay = batch.bytes() >= large;
        let audit = self.marks.len() >= MANY_MARKS;
        let all = [
            (&keyspaces.blocks, self.blocks, replay),
            (&keyspaces.heights, self.heights, replay),
            (&keyspaces.slices, self.slices, replay),
            (&keyspaces.miner_blocks, self.miner_blocks, replay),
            (&keyspaces.records, self.records, replay),
            (&keyspaces.marks, self.marks, replay || audit),
            (&keyspaces.tiles, self.tiles, replay),
            (&keyspaces.ids, self.ids, replay),
            (&keyspaces.accounts, self.accounts, replay),
            (&keyspaces.history, self.history, replay),
        ];
        for (keyspace, mut rows, tables) in all {
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            rows.dedup_by(|next, first| next.0 == first.0);
            match tables {
                true => table(keyspace, rows)?,
                false => rows
                    .into_iter()
                    .for_each(|(key, value)| out.insert(keyspace, key, value)),
            }
        }
        Ok(())
    }
}

fn table(keyspace: &Keyspace, rows: Vec<Row>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = keyspace.start_ingestion()?;
    for (key, value) in rows {
        table.write(key, value)?;
    }
    Ok(table.finish()?)
}
