//! The one writer of the index: each batch is one atomic write, with the row that says where the index stands.

use std::sync::Arc;

use bytes::Bytes;
use chain::{Accepted, Hash};
use fjall::{Database, OwnedWriteBatch, PersistMode, Slice};
use follow::Refused;

use super::answer::{Fault, Finding};
use super::rows::{self, State};
use super::schema::{Keyspaces, meta};
use super::tiles::Edges;
use super::{Error, schema};

mod audit;
mod blocks;
mod bulk;
mod candidates;
mod history;
mod miners;
mod series;

pub(super) use bulk::Row;
pub use bulk::TABLE_BYTES;

/// About what the rows of a refused candidate take.
const REFUSED_BYTES: usize = 256;

/// What is to be written at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Accepted blocks, in order; the first is the child of the index's tip.
    blocks: Vec<Applied>,
    /// Of their values: asked for with every input, of batches of thousands of blocks.
    block_bytes: usize,
    /// Refused candidates, in order.
    pub refused: Vec<Refused>,
    /// What the audit found out about blocks that are in the index or in this batch.
    pub audited: Vec<Audited>,
    /// What the topic has lost of blocks that had been compared.
    pub lost: Vec<Finding>,
    /// Whether it is of a replay: the ledger had not caught up when it began.
    pub replay: bool,
    /// Where the index stands after all this; `None` while there is no block 0 (then there is nothing else either).
    pub state: Option<State>,
}

/// A block and its place on `blockchain`.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The block.
    pub accepted: Arc<Accepted>,
    /// Offset of its record.
    pub topic_offset: u64,
    /// Trace contexts of transactions in it, for the spans that end their traces; none of blocks that are read again.
    pub headers: Vec<(String, Bytes)>,
}

/// What the topic says about one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// First leaf of the block. Slot `i` below is the leaf `first_leaf + 1 + i`.
    pub first_leaf: u64,
    /// When the log took the block.
    pub block_ms: u64,
    /// When it took each record of the block: by slot; `None` for voids and what the topic no longer holds.
    pub append_ms: Vec<Option<u64>>,
    /// Trace ids, by slot.
    pub traces: Vec<(u32, [u8; 16])>,
    /// Where the two disagree.
    pub findings: Vec<Finding>,
    /// Transactions that the topic holds and the block left out: id, partition, offset.
    pub omitted: Vec<(Hash, u32, u64)>,
}

impl Audited {
    /// Whether the block is not what the topic held.
    pub fn accuses(&self) -> bool {
        let accusing = |finding: &Finding| finding.fault != Fault::Unavailable;
        self.findings.iter().any(accusing)
    }
}

/// A batch that is ready to be written. Dropped, it leaves nothing that readers see.
pub struct Staged {
    out: OwnedWriteBatch,
}

impl Staged {
    /// Writes it.
    pub fn commit(self) -> Result<(), Error> {
        Ok(self.out.commit()?)
    }
}

/// Writes batches, one after the other.
pub struct Writer {
    database: Database,
    keyspaces: Keyspaces,
    edges: Edges,
    /// Accounts whose number is in the index.
    numbered: u32,
    shelf: rows::Shelf,
    miners: miners::Cache,
    series: series::Cache,
}

impl Batch {
    /// Adds the next block.
    pub fn push(&mut self, applied: Applied) {
        self.block_bytes += applied.accepted.block.size();
        self.blocks.push(applied);
    }

    /// The accepted blocks, in order.
    pub fn blocks(&self) -> &[Applied] {
        &self.blocks
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.is_audit() && self.audited.is_empty() && self.lost.is_empty()
    }

    /// Whether there is nothing but what the audit found.
    pub fn is_audit(&self) -> bool {
        self.blocks.is_empty() && self.refused.is_empty()
    }

    /// About how many bytes it will take.
    pub fn bytes(&self) -> usize {
        self.block_bytes + self.refused.len() * REFUSED_BYTES
    }
}

impl Writer {
    /// A writer that goes on where the index stands.
    pub(super) fn new(
        database: Database,
        keyspaces: Keyspaces,
        log_size: u64,
        numbered: u32,
    ) -> Result<Writer, Error> {
        let shelf = match keyspaces.meta.get(meta::SHELF)? {
            Some(row) => rows::decode(&row)?,
            None => rows::Shelf::default(),
        };
        let edges = Edges::load(&keyspaces, log_size)?;
        Ok(Writer {
            database,
            keyspaces,
            edges,
            numbered,
            shelf,
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

    /// Writes a batch; afterwards it survives the end of the process (though not of the machine: see [`Writer::persist`]).
    ///
    /// After an error the index must be opened anew: what is cached no longer fits what is stored.
    pub fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        self.stage(batch)?.map_or(Ok(()), Staged::commit)
    }

    /// Does all of [`Writer::write`] but the last step, which makes it count. `None`: nothing to write.
    pub fn stage(&mut self, batch: &Batch) -> Result<Option<Staged>, Error> {
        let Some(state) = &batch.state else {
            return Ok(None);
        };
        let mut out = self.database.batch();
        let mut rows = bulk::Rows::default();
        self.blocks(&batch.blocks, &mut rows, &mut out)?;
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
        out.insert(&self.keyspaces.meta, meta::SHELF, rows::encode(&self.shelf));
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

    /// The numbers of new accounts: they ascend.
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
