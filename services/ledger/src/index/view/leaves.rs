//! From leaves of the log back to their records.

use fjall::Slice;

use super::View;
use super::records::judged;
use crate::index::rows::{self, Chunk, Marks, Slot};
use crate::index::{Error, schema};
use crate::model::answer::Record;

/// Finds the records of many leaves. Entries of one account lie close together: one read often serves the next.
pub struct Leaves<'a> {
    view: &'a View,
    last: Option<Last>,
}

/// The last read: first leaf of a chunk, its end, its row, and the marks of the topic.
struct Last {
    first: u64,
    end: u64,
    row: Slice,
    marks: Option<Marks>,
}

impl View {
    /// Finds the records behind leaves.
    pub fn leaves(&self) -> Leaves<'_> {
        Leaves {
            view: self,
            last: None,
        }
    }
}

impl Leaves<'_> {
    /// The record of a leaf; `None`: it is not the leaf of a record.
    pub fn record(&mut self, index: u64) -> Result<Option<Record>, Error> {
        let holds = |last: &Last| (last.first..last.end).contains(&index);
        if !self.last.as_ref().is_some_and(holds) {
            self.last = self.chunk_below(index)?;
        }
        let Some(last) = &self.last else {
            return Ok(None);
        };
        let chunk: Chunk<'_> = rows::decode(&last.row)?;
        let slot = (index - last.first) as usize;
        Ok(match chunk.slots.get(slot) {
            Some(Slot::Record { .. }) => {
                let (marks, chain_id) = (last.marks.as_ref(), self.view.chain_id());
                Some(judged(&chunk, last.first, slot, marks, &chain_id))
            }
            _ => None,
        })
    }

    /// The last chunk that begins at or below a leaf.
    fn chunk_below(&self, index: u64) -> Result<Option<Last>, Error> {
        let view = self.view;
        let keys = schema::number(0)..=schema::number(index);
        let last = view
            .range(&view.snapshot.keyspaces.records, keys)
            .next_back();
        let Some((key, row)) = last.transpose()? else {
            return Ok(None);
        };
        let first = schema::read_number(&key)?;
        let chunk: Chunk<'_> = rows::decode(&row)?;
        Ok(Some(Last {
            first,
            end: first + chunk.slots.len() as u64,
            marks: view.marks(first)?,
            row,
        }))
    }
}
