//! The one writer of the index: each batch is one atomic write, together with the row of the index's state.

use chain::Accepted;
use fjall::{Database, OwnedWriteBatch, PersistMode, Slice};

use super::rows;
use super::schema::{Keyspaces, meta};
use super::tiles::Edges;
use super::{Error, schema};
use crate::model::{Applied, Batch};

mod audit;
mod blocks;
mod bulk;
mod candidates;
mod history;
mod miners;
mod series;

/// A batch that is ready to be written. Dropped, it leaves nothing that readers see.
pub struct Staged {
    out: OwnedWriteBatch,
}

impl Staged {
    /// Writes the batch.
    pub fn commit(self) -> Result<(), Error> {
        Ok(self.out.commit()?)
    }
}

/// Writes batches in order.
pub struct Writer {
    database: Database,
    keyspaces: Keyspaces,
    edges: Edges,
    /// Accounts whose number is in the index.
    numbered: u32,
    kept: rows::Kept,
    miners: miners::Cache,
    series: series::Cache,
}

impl Writer {
    /// Creates a writer that resumes from the stored log and accounts.
    pub(super) fn new(
        database: Database,
        keyspaces: Keyspaces,
        log_size: u64,
        numbered: u32,
    ) -> Result<Writer, Error> {
        let kept = match keyspaces.meta.get(meta::KEPT)? {
            Some(row) => rows::decode(&row)?,
            None => rows::Kept::default(),
        };
        let edges = Edges::load(&keyspaces, log_size)?;
        Ok(Writer {
            database,
            keyspaces,
            edges,
            numbered,
            kept,
            miners: miners::Cache::default(),
            series: series::Cache::default(),
        })
    }

    /// Empties the index.
    pub fn clear(&mut self) -> Result<(), Error> {
        for keyspace in self.keyspaces.all() {
            keyspace.clear()?;
        }
        *self = Writer::new(self.database.clone(), self.keyspaces.clone(), 0, 0)?;
        Ok(())
    }

    /// Writes a batch; afterwards it survives the end of the process (but not a power cut: see [`Writer::persist`]).
    ///
    /// After an error the index must be reopened: what is cached no longer fits what is stored.
    pub fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        self.stage(batch)?.map_or(Ok(()), Staged::commit)
    }

    /// Does all of [`Writer::write`] but the last step, the commit. `None`: nothing to write.
    pub fn stage(&mut self, batch: &Batch) -> Result<Option<Staged>, Error> {
        let Some(state) = &batch.state else {
            return Ok(None);
        };
        let mut out = self.database.batch();
        let mut rows = bulk::Rows::default();
        self.blocks(batch.blocks(), &mut rows, &mut out)?;
        for refused in &batch.refused {
            self.candidate(refused, &mut out)?;
        }
        for audited in &batch.audited {
            self.audited(audited, &mut rows, &mut out)?;
        }
        for finding in &batch.lost {
            self.finding(finding, &mut out);
        }
        rows.put(&self.keyspaces, batch, &mut out)?;
        self.edges.flush(&self.keyspaces, &mut out);
        self.miners.flush(&self.keyspaces, &mut out);
        self.series.flush(&self.keyspaces, &mut out);
        out.insert(&self.keyspaces.meta, meta::KEPT, rows::encode(&self.kept));
        out.insert(&self.keyspaces.meta, meta::STATE, rows::encode(state));
        Ok(Some(Staged { out }))
    }

    /// Makes everything written so far survive a power cut.
    pub fn persist(&self) -> Result<(), Error> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    fn blocks(
        &mut self,
        blocks: &[Applied],
        rows: &mut bulk::Rows,
        out: &mut OwnedWriteBatch,
    ) -> Result<(), Error> {
        let mut ids = blocks::Ids::default();
        for applied in blocks {
            let accepted = &*applied.accepted;
            if accepted.height() == 0 {
                self.genesis(accepted, out);
            }
            self.block(applied, rows);
            self.accounts(accepted, rows);
            self.chunks(accepted, &mut ids, rows)?;
            for leaf in &accepted.effects.leaves {
                self.edges.leaf(leaf, &mut rows.tiles);
            }
            for node in &accepted.effects.nodes {
                self.edges.node(node, &mut rows.tiles);
            }
            self.miners.won(accepted, &self.keyspaces, rows)?;
            self.series.block(accepted, &self.keyspaces)?;
        }
        history::groups(blocks, &mut rows.history);
        Ok(())
    }

    /// Numbers new accounts, in ascending order.
    fn accounts(&mut self, accepted: &Accepted, rows: &mut bulk::Rows) {
        for touched in &accepted.effects.touched {
            if touched.number >= self.numbered {
                let key = Slice::from(touched.account.as_bytes());
                rows.accounts
                    .push((key, touched.number.to_be_bytes().into()));
            }
        }
        let last = accepted
            .effects
            .touched
            .iter()
            .map(|touched| touched.number + 1);
        self.numbered = self.numbered.max(last.max().unwrap_or(0));
    }

    fn genesis(&self, accepted: &Accepted, out: &mut OwnedWriteBatch) {
        let value = accepted.block.value();
        out.insert(
            &self.keyspaces.meta,
            meta::FORMAT,
            schema::FORMAT.to_be_bytes(),
        );
        out.insert(&self.keyspaces.meta, meta::GENESIS, value.as_ref());
    }
}
