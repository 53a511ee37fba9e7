//! The rows that make up most of a replay: records, times, nodes of the log, ids of transactions, history of accounts.
//!
//! In small batches they go the way of all rows, through the store's journal and memory. In a large batch they are sorted
//! and become tables right away, which costs a fraction of time and memory. They are there before the batch that they
//! belong to: whoever reads them leaves out what lies beyond the tip, and after a crash the replay writes the very same again.

use fjall::{Keyspace, OwnedWriteBatch, Slice};

use crate::store::Error;
use crate::store::schema::Keyspaces;

/// Rows of one batch, by keyspace.
#[derive(Default)]
pub(super) struct Rows {
    pub records: Vec<Row>,
    pub marks: Vec<Row>,
    pub tiles: Vec<Row>,
    pub ids: Vec<Row>,
    pub accounts: Vec<Row>,
    pub history: Vec<Row>,
}

/// A key and its value.
pub(in crate::store) type Row = (Slice, Slice);

impl Rows {
    /// Into the batch, or into tables. Of rows with equal keys the first counts.
    pub fn put(
        self,
        keyspaces: &Keyspaces,
        tables: bool,
        out: &mut OwnedWriteBatch,
    ) -> Result<(), Error> {
        let all = [
            (&keyspaces.records, self.records),
            (&keyspaces.marks, self.marks),
            (&keyspaces.tiles, self.tiles),
            (&keyspaces.ids, self.ids),
            (&keyspaces.accounts, self.accounts),
            (&keyspaces.history, self.history),
        ];
        for (keyspace, mut rows) in all {
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
