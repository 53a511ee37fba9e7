//! Transactions and records, sealed and pending.

use std::ops::Range;

use bytes::Bytes;
use chain::{Hash, Verdict};
use fjall::{Readable as _, Slice};

use super::View;
use crate::index::Error;
use crate::index::rows::{self, Chunk, Marks, Omitted, Place, Slot};
use crate::index::schema::{self, CHUNK_LEAVES};
use crate::model::answer::{Block, Fate, Identified, Occurrence, Record};
use crate::model::{Subject, TopicRecord};
use follow::audit::Claim;

impl View {
    /// The fate of a transaction id: the included occurrence, else a refused one, else a pending one, else one that a
    /// block left out. `None`: not known as of this tip.
    pub fn transaction(&self, id: &Hash) -> Result<Option<Occurrence>, Error> {
        let keyspaces = &self.snapshot.keyspaces;
        if let Some(place) = self.place(id)? {
            let row = self.chunk(place.chunk)?;
            let chunk: Chunk<'_> = rows::decode(&row)?;
            let marks = self.marks(place.chunk)?;
            let slot = usize::from(place.slot);
            let record = (slot < chunk.slots.len())
                .then(|| judged(&chunk, place.chunk, slot, marks.as_ref(), &self.chain_id()));
            let record = record.ok_or(Error::Damaged("a transaction is not where it should be"))?;
            if record
                .transaction
                .as_ref()
                .is_some_and(|found| found.id == Some(*id))
            {
                return Ok(Some(Occurrence::Judged(record)));
            }
        }
        let pending = (0..).zip(&self.snapshot.pending);
        if let Some((partition, (record, ahead))) = pending
            .filter_map(|(partition, pending)| Some((partition, pending.find(id)?)))
            .next()
        {
            return Ok(Some(Occurrence::Pending(
                self.waiting(partition, record, ahead),
            )));
        }
        let Some(omitted) = self.get::<Omitted>(&keyspaces.omitted, schema::id(id))? else {
            return Ok(None);
        };
        Ok(self
            .record(omitted.partition, omitted.offset)?
            .map(Occurrence::Omitted))
    }

    /// The place of the occurrence of an id that counts. A crash may leave rows of blocks that are not in the index yet.
    fn place(&self, id: &Hash) -> Result<Option<Place>, Error> {
        let place: Option<Place> = self.get(&self.snapshot.keyspaces.ids, schema::id(id))?;
        Ok(place.filter(|place| place.chunk < self.tip().header.log_size))
    }

    /// The fate of one offset. `None`: at or above the end of the partition (as last known), or no such partition.
    pub fn record(&self, partition: u32, offset: u64) -> Result<Option<Record>, Error> {
        let Some(pending) = self.snapshot.pending.get(partition as usize) else {
            return Ok(None);
        };
        if offset < pending.cursor {
            return Ok(self.records(partition, offset..offset + 1, 1)?.pop());
        }
        Ok((offset < pending.end).then(|| match pending.at(offset) {
            Ok((record, ahead)) => self.waiting(partition, record, ahead),
            Err(ahead) => Record {
                partition,
                offset,
                fate: Fate::Pending { ahead },
                hash: None,
                append_ms: None,
                value: None,
                transaction: None,
                trace_id: None,
            },
        }))
    }

    /// The fates of the offsets in a range, in order, at most `limit`: judged and VOID ones, then pending ones. Below the
    /// cursor no offset is left out; above it only records are listed. Fewer than `limit` means that the range ends.
    pub fn records(
        &self,
        partition: u32,
        offsets: Range<u64>,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let mut out = Vec::new();
        let Some(pending) = self.snapshot.pending.get(partition as usize) else {
            return Ok(out);
        };
        let mut at = offsets.start;
        while at < pending.cursor.min(offsets.end) && out.len() < limit {
            let block = self.block_at(partition, at)?;
            let end = block.header.to_offset.min(offsets.end);
            self.slice(&block, at..end, limit, &mut out)?;
            at = end;
        }
        let waiting = pending
            .from(at.max(offsets.start))
            .take_while(|(record, _)| record.offset < offsets.end);
        let room = limit - out.len();
        out.extend(
            waiting
                .take(room)
                .map(|(record, ahead)| self.waiting(partition, record, ahead)),
        );
        Ok(out)
    }

    /// Pending records of a partition from an offset on, at most `limit`, in the order in which blocks will consume them.
    pub fn pending(&self, partition: u32, from: u64, limit: usize) -> Vec<Record> {
        let pending = self.snapshot.pending.get(partition as usize);
        let waiting = pending.into_iter().flat_map(|pending| pending.from(from));
        waiting
            .take(limit)
            .map(|(record, ahead)| self.waiting(partition, record, ahead))
            .collect()
    }

    /// The block that consumed an offset, as the audit needs it; `None`: none has as of this tip.
    pub fn subject(&self, partition: u32, offset: u64) -> Result<Option<Subject>, Error> {
        let pending = self.snapshot.pending.get(partition as usize);
        if pending.is_none_or(|pending| pending.cursor <= offset) {
            return Ok(None);
        }
        let block = self.block_at(partition, offset)?;
        let mut slots = Vec::new();
        for chunk in self.chunks_of(block.first_leaf, block.header.log_size) {
            let (_, row) = chunk?;
            let chunk: Chunk<'_> = rows::decode(&row)?;
            slots.extend(chunk.slots.iter().map(|slot| match slot {
                Slot::Void { offsets } => chain::Slot::Hole(*offsets),
                Slot::Record {
                    carried, verdict, ..
                } => {
                    let hash = if *verdict == Verdict::TooLarge {
                        Hash::from_slice(carried).unwrap_or_default()
                    } else {
                        Hash::of(carried)
                    };
                    chain::Slot::Record(Claim {
                        hash,
                        verdict: *verdict,
                    })
                }
            }));
        }
        Ok(Some(Subject {
            height: block.header.height,
            hash: block.hash,
            miner: block.header.miner,
            partition,
            from: block.header.from_offset,
            to: block.header.to_offset,
            first_leaf: block.first_leaf,
            block_ms: block.append_ms,
            slots,
        }))
    }

    /// The block that consumed an offset below the cursor.
    fn block_at(&self, partition: u32, offset: u64) -> Result<Block, Error> {
        let keys = schema::slice(partition, 0)..=schema::slice(partition, offset);
        let last = self
            .range(&self.snapshot.keyspaces.slices, keys)
            .next_back()
            .transpose()?;
        let (_, height) =
            last.ok_or(Error::Damaged("no block holds an offset below the cursor"))?;
        self.block(schema::read_number(&height)?)?
            .ok_or(Error::Damaged("a slice is of a block above the tip"))
    }

    /// The records of one block in a range of offsets inside its slice, at most as many as there is room for.
    fn slice(
        &self,
        block: &Block,
        offsets: Range<u64>,
        limit: usize,
        out: &mut Vec<Record>,
    ) -> Result<(), Error> {
        let chain_id = self.chain_id();
        let from = self.first_chunk(block, offsets.start)?;
        for chunk in self.chunks_of(from - 1, block.header.log_size) {
            let (leaf, row) = chunk?;
            let chunk: Chunk<'_> = rows::decode(&row)?;
            if chunk.from_offset >= offsets.end || out.len() >= limit {
                break;
            }
            let marks = self.marks(leaf)?;
            let mut offset = chunk.from_offset;
            for (index, slot) in chunk.slots.iter().enumerate() {
                let end = offset + slot.offsets();
                for at in offset.max(offsets.start)..end.min(offsets.end) {
                    if out.len() < limit {
                        out.push(Record {
                            offset: at,
                            ..judged(&chunk, leaf, index, marks.as_ref(), &chain_id)
                        });
                    }
                }
                offset = end;
            }
        }
        Ok(())
    }

    /// First leaf of the chunk that holds an offset of a block's slice.
    fn first_chunk(&self, block: &Block, offset: u64) -> Result<u64, Error> {
        let first = block.first_leaf + 1;
        if block.void_offsets == 0 {
            let slot = offset - block.header.from_offset;
            return Ok(first + slot - slot % CHUNK_LEAVES);
        }
        // A hole takes many offsets in one slot: binary search over chunks.
        let chunks = (block.header.log_size - first).div_ceil(CHUNK_LEAVES);
        let (mut low, mut high) = (0, chunks);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let row = self.chunk(first + middle * CHUNK_LEAVES)?;
            if rows::decode::<Chunk<'_>>(&row)?.from_offset <= offset {
                low = middle
            } else {
                high = middle
            }
        }
        Ok(first + low * CHUNK_LEAVES)
    }

    /// The row of a chunk, for decoding without a copy.
    pub(super) fn chunk(&self, first_leaf: u64) -> Result<Slice, Error> {
        let key = schema::number(first_leaf);
        let row = (self.snapshot.store).get(&self.snapshot.keyspaces.records, key)?;
        row.ok_or(Error::Damaged("records of a block are missing"))
    }

    fn waiting(&self, partition: u32, record: &TopicRecord, ahead: u64) -> Record {
        Record {
            partition,
            offset: record.offset,
            fate: Fate::Pending { ahead },
            hash: Some(record.hash),
            append_ms: Some(record.append_ms),
            value: Some(record.value.clone()),
            transaction: Identified::decode(&record.value, record.id, &self.chain_id()),
            trace_id: record.trace_id,
        }
    }

    pub(super) fn marks(&self, first_leaf: u64) -> Result<Option<Marks>, Error> {
        self.get(&self.snapshot.keyspaces.marks, schema::number(first_leaf))
    }
}

/// Slot `index` of a chunk whose first slot is leaf `first`; of a hole the first offset.
pub(super) fn judged(
    chunk: &Chunk<'_>,
    first: u64,
    index: usize,
    marks: Option<&Marks>,
    chain_id: &Hash,
) -> Record {
    let offset = chunk.from_offset + chunk.slots[..index].iter().map(Slot::offsets).sum::<u64>();
    let (height, leaf_index) = (chunk.height, first + index as u64);
    let age = marks.and_then(|marks| *marks.ages_ms.get(index)?);
    let append_ms = age
        .zip(marks)
        .map(|(age, marks)| marks.block_ms.wrapping_sub(age as u64));
    let trace = marks.and_then(|marks| {
        marks
            .traces
            .iter()
            .find(|(slot, _)| usize::from(*slot) == index)
    });
    let record = Record {
        partition: chunk.partition,
        offset,
        fate: Fate::Void { height, leaf_index },
        hash: None,
        append_ms,
        value: None,
        transaction: None,
        trace_id: trace.map(|(_, id)| *id),
    };
    match &chunk.slots[index] {
        Slot::Void { .. } => record,
        Slot::Record {
            carried, verdict, ..
        } => {
            let fate = Fate::Judged {
                verdict: *verdict,
                height,
                leaf_index,
            };
            match verdict {
                Verdict::TooLarge => Record {
                    fate,
                    hash: Hash::from_slice(carried),
                    ..record
                },
                _ => Record {
                    fate,
                    hash: Some(Hash::of(carried)),
                    value: Some(Bytes::copy_from_slice(carried)),
                    transaction: Identified::decode(carried, None, chain_id),
                    ..record
                },
            }
        }
    }
}
