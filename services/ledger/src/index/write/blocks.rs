//! Blocks, their records in chunks, and the places of their transactions.

use std::collections::HashSet;

use chain::Slot;
use chain::record::Judged;
use chain::{Accepted, Hash, Verdict};

use super::Writer;
use super::bulk::Rows;
use crate::index::Error;
use crate::index::rows::{self, Place};
use crate::index::schema::{self, CHUNK_LEAVES, ID_BYTES, Row};
use crate::model::Applied;
use crate::model::answer::Block;

/// Ids that the current batch already holds.
#[derive(Default)]
pub(super) struct Ids {
    written: HashSet<[u8; ID_BYTES]>,
}

impl Writer {
    /// Writes the block by height and hash, and its slice.
    pub(super) fn block(&self, applied: &Applied, out: &mut Rows) {
        let accepted = &*applied.accepted;
        let block = &accepted.block;
        let header = *block.header();
        let tally = accepted.tally();
        let effects = &accepted.effects;
        let reward = effects
            .entries
            .first()
            .filter(|entry| entry.leaf_index == effects.first_leaf && accepted.height() > 0);
        let records = u64::from(tally.included) + u64::from(tally.rejected);
        let row = rows::Block {
            block: Block {
                header,
                hash: accepted.hash(),
                signature: bytes::Bytes::copy_from_slice(block.signature()),
                topic_offset: applied.topic_offset,
                append_ms: accepted.append_ms,
                first_leaf: effects.first_leaf,
                included: tally.included,
                rejected: tally.rejected,
                void_offsets: (header.to_offset - header.from_offset - records) as u32,
                size_bytes: block.size() as u32,
                paid: effects.paid,
            },
            entry: reward.map(rows::Entry::from),
        };
        let height = schema::number(accepted.height());
        out.blocks.push((height.into(), rows::encode(&row).into()));
        out.heights.push((accepted.hash().0.into(), height.into()));
        if header.to_offset > header.from_offset {
            let slice = schema::slice(header.partition, header.from_offset);
            out.slices.push((slice.into(), height.into()));
        }
    }

    /// Writes the records of a block, and the places of their ids.
    pub(super) fn chunks(
        &mut self,
        accepted: &Accepted,
        ids: &mut Ids,
        out: &mut Rows,
    ) -> Result<(), Error> {
        let header = accepted.block.header();
        let mut entries = accepted
            .effects
            .entries
            .iter()
            .filter(|entry| entry.record.is_some())
            .peekable();
        let mut open: Option<(u64, rows::Chunk)> = None;
        for (leaf, (offset, slot)) in
            (accepted.effects.first_leaf + 1..).zip(accepted.block.slots())
        {
            let (first, chunk) = open.get_or_insert_with(|| {
                let slots = Vec::with_capacity(CHUNK_LEAVES as usize);
                (
                    leaf,
                    rows::Chunk {
                        height: accepted.height(),
                        partition: header.partition,
                        from_offset: offset,
                        slots,
                    },
                )
            });
            let row = match slot {
                Slot::Hole(offsets) => rows::Slot::Void { offsets },
                Slot::Record((record, verdict)) => {
                    let mut next = || {
                        entries
                            .next_if(|entry| entry.leaf_index == leaf)
                            .map(rows::Entry::from)
                    };
                    let (sender, recipient) = (next(), next());
                    if let (Judged::Good(transfer), true) =
                        (record.judged(), verdict.is_occurrence())
                    {
                        let place = Place {
                            chunk: *first,
                            slot: chunk.slots.len() as u8,
                        };
                        self.occurrence(&transfer.id, verdict, place, ids, &mut out.ids)?;
                    }
                    rows::Slot::Record {
                        carried: record.bytes(),
                        verdict,
                        sender,
                        recipient,
                    }
                }
            };
            chunk.slots.push(row);
            if chunk.slots.len() as u64 == CHUNK_LEAVES {
                close(open.take(), out);
            }
        }
        close(open, out);
        Ok(())
    }

    /// Only the first occurrence of an id counts. The others are always EXPIRED or NONCE_TOO_LOW, so that lookups are rare.
    fn occurrence(
        &self,
        id: &Hash,
        verdict: Verdict,
        place: Place,
        ids: &mut Ids,
        out: &mut Vec<Row>,
    ) -> Result<(), Error> {
        let key = schema::id(id);
        let first = ids.written.insert(key);
        let repeatable = matches!(verdict, Verdict::Expired | Verdict::NonceTooLow);
        if repeatable && (!first || self.keyspaces.ids.contains_key(key)?) {
            return Ok(());
        }
        out.push((key.into(), rows::encode(&place).into()));
        Ok(())
    }
}

fn close(chunk: Option<(u64, rows::Chunk)>, out: &mut Rows) {
    if let Some((first, chunk)) = chunk {
        let row = (schema::number(first).into(), rows::encode(&chunk).into());
        out.records.push(row);
    }
}
