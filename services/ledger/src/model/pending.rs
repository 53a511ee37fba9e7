//! The pending records of one partition, as readers see them.

use std::sync::Arc;

use chain::Hash;

use super::topic::TopicRecord;

/// Consecutive records, immutable and shared with views.
#[derive(Debug)]
pub struct Segment {
    /// Number of the first record, counted since the queue began.
    pub(crate) ordinal: u64,
    pub(crate) records: Vec<TopicRecord>,
    /// Beginning of each id with the index of its record, sorted.
    ids: Vec<(u64, u32)>,
}

/// The pending records of one partition at one moment. Immutable; shares the records with the queue.
#[derive(Clone, Debug, Default)]
pub struct PendingView {
    /// Next offset that a block must consume.
    pub cursor: u64,
    /// Every record below this offset has been read.
    pub read: u64,
    /// Next offset that a submission will get, as last known.
    pub end: u64,
    /// Number of the first pending record.
    pub(crate) ordinal: u64,
    pub(crate) segments: Vec<Arc<Segment>>,
}

impl Segment {
    pub(crate) fn new(ordinal: u64, records: Vec<TopicRecord>) -> Segment {
        let ids = records
            .iter()
            .zip(0..)
            .filter_map(|(record, index)| Some((beginning(&record.id?), index)));
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        Segment {
            ordinal,
            records,
            ids,
        }
    }

    pub(crate) fn last_offset(&self) -> u64 {
        self.records.last().map_or(0, |record| record.offset)
    }

    fn find(&self, id: &Hash) -> impl Iterator<Item = usize> {
        let key = beginning(id);
        let from = self.ids.partition_point(|(begin, _)| *begin < key);
        self.ids[from..]
            .iter()
            .take_while(move |(begin, _)| *begin == key)
            .map(|(_, index)| *index as usize)
    }
}

impl PendingView {
    /// The pending record at an offset and the number of those ahead of it; `Err`: the number ahead of an offset that
    /// holds no record or has not been read yet (unread offsets count as records).
    pub fn at(&self, offset: u64) -> Result<(&TopicRecord, u64), u64> {
        let index = self
            .segments
            .partition_point(|segment| segment.last_offset() < offset);
        let Some(segment) = self.segments.get(index) else {
            let known = self.segments.last().map_or(0, |last| {
                last.ordinal + last.records.len() as u64 - self.ordinal
            });
            return Err(known + offset.saturating_sub(self.read));
        };
        let place = segment
            .records
            .partition_point(|record| record.offset < offset);
        let ahead = (segment.ordinal + place as u64).saturating_sub(self.ordinal);
        match &segment.records[place] {
            record if record.offset == offset => Ok((record, ahead)),
            _ => Err(ahead),
        }
    }

    /// Pending records from an offset on, in order, each with the number ahead of it.
    pub fn from(&self, offset: u64) -> impl Iterator<Item = (&TopicRecord, u64)> {
        let from = offset.max(self.cursor);
        let first = self
            .segments
            .partition_point(|segment| segment.last_offset() < from);
        let numbered = self.segments[first..]
            .iter()
            .flat_map(|segment| (segment.ordinal..).zip(&segment.records));
        numbered
            .skip_while(move |(_, record)| record.offset < from)
            .map(|(ordinal, record)| (record, ordinal - self.ordinal))
    }

    /// The first pending record with this id.
    pub fn find(&self, id: &Hash) -> Option<(&TopicRecord, u64)> {
        let hits = self
            .segments
            .iter()
            .flat_map(|segment| segment.find(id).map(move |index| (segment, index)));
        hits.map(|(segment, index)| (&segment.records[index], segment.ordinal + index as u64))
            .find(|(record, _)| record.offset >= self.cursor && record.id == Some(*id))
            .map(|(record, ordinal)| (record, ordinal - self.ordinal))
    }

    /// Ids of pending records whose first 8 bytes, as a number, are in a range.
    pub fn ids(&self, from: u64, to: u64) -> impl Iterator<Item = Hash> {
        self.segments.iter().flat_map(move |segment| {
            let first = segment.ids.partition_point(|(begin, _)| *begin < from);
            let hits = segment.ids[first..]
                .iter()
                .take_while(move |(begin, _)| *begin <= to);
            hits.map(|(_, index)| &segment.records[*index as usize])
                .filter(|record| record.offset >= self.cursor)
                .filter_map(|record| record.id)
        })
    }
}

/// The first 8 bytes of an id as a number, which sorts like the id.
pub fn beginning(id: &Hash) -> u64 {
    u64::from_be_bytes(*id.0.first_chunk().expect("an id has 32 bytes"))
}
