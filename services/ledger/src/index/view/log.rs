//! The log: leaves and nodes, for proofs.

use bytes::Bytes;
use chain::{Hash, Verdict, leaf};

use super::View;
use crate::index::rows::{self, Chunk, Slot};
use crate::index::{Error, schema, tiles};
use crate::model::answer::Leaf;

impl View {
    /// The hash of a leaf (level 0) or of a complete subtree; `None` beyond the tip's log. As a source for `chain::log`:
    /// `&|level, index| view.node(level, index).ok().flatten()`.
    pub fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, Error> {
        let snapshot = &self.snapshot;
        tiles::node(
            &snapshot.store,
            &snapshot.keyspaces,
            snapshot.tip.header.log_size,
            level,
            index,
        )
    }

    /// A leaf; `None` beyond the tip's log.
    pub fn leaf(&self, index: u64) -> Result<Option<Leaf>, Error> {
        if index >= self.tip().header.log_size {
            return Ok(None);
        }
        let first_blocks = self
            .block_row(0)?
            .map_or(0, |row| row.block.header.log_size);
        if index < first_blocks {
            return Ok(Some(self.genesis_leaf(index)));
        }
        let last = self
            .range(
                &self.snapshot.keyspaces.records,
                schema::number(0)..=schema::number(index),
            )
            .next_back()
            .transpose()?;
        if let Some((key, value)) = last {
            let first = schema::read_number(&key)?;
            let chunk: Chunk<'_> = rows::decode(&value)?;
            if let Some(slot) = chunk.slots.get((index - first) as usize) {
                return Ok(Some(slot_leaf(&chunk, slot, (index - first) as usize)));
            }
        }
        self.block_leaf(index).map(Some)
    }

    /// The genesis, then the allocations.
    fn genesis_leaf(&self, index: u64) -> Leaf {
        let genesis = &self.rules().genesis;
        let allocation = index
            .checked_sub(1)
            .and_then(|number| genesis.allocations.get(number as usize));
        match allocation {
            Some(allocation) => {
                // Accounts are distinct, so this is the first entry of each; sums are below 2^62.
                let entry = leaf::Entry {
                    previous: None,
                    sequence: 1,
                    balance: allocation.amount as i64,
                };
                let leaf = leaf::Leaf::Allocation {
                    account: allocation.account,
                    amount: allocation.amount,
                    entry,
                };
                Leaf {
                    bytes: leaf.encode(),
                    height: 0,
                    record: None,
                }
            }
            None => {
                let record = genesis.encode();
                let leaf = leaf::Leaf::Genesis {
                    record_hash: Hash::of(&record),
                };
                Leaf {
                    bytes: leaf.encode(),
                    height: 0,
                    record: Some(record),
                }
            }
        }
    }

    /// The leaf of a block itself, found by a binary search over heights.
    fn block_leaf(&self, index: u64) -> Result<Leaf, Error> {
        let missing = || Error::Damaged("a leaf is in no block");
        let (mut low, mut high) = (0, self.tip().height());
        while low < high {
            let middle = low + (high - low) / 2;
            let row = self.block_row(middle)?.ok_or_else(missing)?;
            if row.block.header.log_size > index {
                high = middle
            } else {
                low = middle + 1
            }
        }
        let row = self
            .block_row(low)?
            .filter(|row| row.block.first_leaf == index)
            .ok_or_else(missing)?;
        let header = row.block.header;
        let leaf = leaf::Leaf::Block {
            height: header.height,
            previous_hash: header.previous_hash,
            timestamp_ms: header.timestamp_ms,
            miner: header.miner.ok_or_else(missing)?,
            paid: row.block.paid,
            entry: row.entry.map(leaf::Entry::from),
        };
        Ok(Leaf {
            bytes: leaf.encode(),
            height: header.height,
            record: None,
        })
    }
}

fn slot_leaf(chunk: &Chunk<'_>, slot: &Slot<'_>, index: usize) -> Leaf {
    let (height, partition) = (chunk.height, chunk.partition);
    let offset = chunk.from_offset + chunk.slots[..index].iter().map(Slot::offsets).sum::<u64>();
    match slot {
        Slot::Void { offsets } => {
            let leaf = leaf::Leaf::Void {
                height,
                partition,
                from_offset: offset,
                to_offset: offset + offsets,
            };
            Leaf {
                bytes: leaf.encode(),
                height,
                record: None,
            }
        }
        Slot::Record {
            carried,
            verdict,
            sender,
            recipient,
        } => {
            let whole = (*verdict != Verdict::TooLarge).then(|| Bytes::copy_from_slice(carried));
            let record_hash = match &whole {
                Some(record) => Hash::of(record),
                None => Hash::from_slice(carried).unwrap_or_default(),
            };
            let (sender, recipient) = (
                sender.map(leaf::Entry::from),
                recipient.map(leaf::Entry::from),
            );
            let leaf = leaf::Leaf::Record {
                height,
                partition,
                offset,
                record_hash,
                verdict: *verdict,
                sender,
                recipient,
            };
            Leaf {
                bytes: leaf.encode(),
                height,
                record: whole,
            }
        }
    }
}
