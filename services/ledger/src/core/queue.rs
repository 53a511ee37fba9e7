//! The records of one partition that the topic holds beyond the chain's cursor and that wait for a block.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{PendingView, Segment, TopicBatch, TopicRecord};

/// A shorter segment grows when records come, so that a trickle does not make many.
const SEGMENT_RECORDS: usize = 64;

/// The known part of the topic. It holds the pending records, and those that the audit has not processed.
#[derive(Debug, Default)]
pub struct Queue {
    held: VecDeque<(Arc<Segment>, Vec<journal::Permit>)>,
    /// Every record from this offset up to `read` is known.
    base: u64,
    read: u64,
    end: u64,
    ordinal: u64,
}

impl Queue {
    /// Creates a queue that is read from `from` on.
    pub fn starting(from: u64) -> Queue {
        Queue {
            base: from,
            read: from,
            end: from,
            ..Queue::default()
        }
    }

    /// Every record from this offset up to [`Queue::read`] is known.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Every record below this offset has been read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Adds records that were read.
    pub fn extend(&mut self, batch: TopicBatch) {
        self.read = self.read.max(batch.next);
        self.end = self.end.max(batch.end);
        // A reader that was set back reports some of it again.
        let known = self.held.back().map(|(segment, _)| segment.last_offset());
        let fresh = batch.records.into_iter().filter(|record| {
            record.offset >= self.base && known.is_none_or(|known| record.offset > known)
        });
        let mut records: Vec<TopicRecord> = fresh.collect();
        if records.is_empty() {
            return;
        }
        let count = records.len() as u64;
        let mut permits = Vec::from_iter(batch.permit);
        let mut ordinal = self.ordinal;
        if let Some((last, more)) = self
            .held
            .pop_back_if(|(last, _)| last.records.len() < SEGMENT_RECORDS)
        {
            ordinal = last.ordinal;
            records.splice(0..0, last.records.iter().cloned());
            permits.splice(0..0, more);
        }
        self.held
            .push_back((Arc::new(Segment::new(ordinal, records)), permits));
        self.ordinal += count;
    }

    /// Restarts at `from`: records below are no longer known.
    pub fn restart(&mut self, from: u64) {
        *self = Queue {
            end: self.end.max(from),
            ordinal: self.ordinal,
            ..Queue::starting(from)
        };
    }

    /// Restarts at `from` although more had been read: the topic has been replaced or cut.
    pub fn begin_again(&mut self, from: u64) {
        *self = Queue {
            ordinal: self.ordinal,
            ..Queue::starting(from)
        };
    }

    /// Releases the records below an offset.
    pub fn release(&mut self, below: u64) {
        self.base = self.base.max(below);
        self.read = self.read.max(below);
        self.end = self.end.max(below);
        while self
            .held
            .pop_front_if(|(segment, _)| segment.last_offset() < below)
            .is_some()
        {}
        // A segment can be as large as the whole window: its room is released once half of it is consumed; else reads would stall.
        if let Some((segment, permits)) = self.held.front_mut() {
            let done = segment
                .records
                .partition_point(|record| record.offset < below);
            if done * 2 >= segment.records.len() {
                permits.clear();
            }
        }
    }

    /// Gives the reader room although nothing has been released: a block ends beyond what has been read, so that more
    /// must be read before anything can be released.
    pub fn make_room(&mut self) {
        self.held
            .iter_mut()
            .for_each(|(_, permits)| permits.clear());
    }

    /// The records known in a range of offsets, in order.
    pub fn range(&self, from: u64, to: u64) -> impl Iterator<Item = &TopicRecord> {
        let first = self
            .held
            .partition_point(|(segment, _)| segment.last_offset() < from);
        let records = self
            .held
            .range(first..)
            .flat_map(|(segment, _)| &segment.records);
        records
            .skip_while(move |record| record.offset < from)
            .take_while(move |record| record.offset < to)
    }

    /// The pending records as of a cursor.
    pub fn pending(&self, cursor: u64) -> PendingView {
        let first = self
            .held
            .partition_point(|(segment, _)| segment.last_offset() < cursor);
        let segments: Vec<_> = self
            .held
            .range(first..)
            .map(|(segment, _)| segment.clone())
            .collect();
        let ordinal = segments.first().map_or(self.ordinal, |segment| {
            segment.ordinal
                + segment
                    .records
                    .partition_point(|record| record.offset < cursor) as u64
        });
        PendingView {
            cursor,
            read: self.read.max(cursor),
            end: self.end.max(cursor),
            ordinal,
            segments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use chain::Hash;

    fn record(offset: u64) -> TopicRecord {
        let value = Bytes::from(offset.to_string());
        let hash = Hash::of(&value);
        TopicRecord {
            offset,
            append_ms: 1000 + offset,
            hash,
            id: Some(hash),
            trace_id: None,
            value,
        }
    }

    fn batch(offsets: &[u64], next: u64, end: u64) -> TopicBatch {
        TopicBatch {
            records: offsets.iter().copied().map(record).collect(),
            next,
            end,
            permit: None,
        }
    }

    #[test]
    fn positions_count_records_not_offsets() {
        let mut queue = Queue::starting(10);
        queue.extend(batch(&[10, 11, 14], 15, 20));
        queue.extend(batch(&[17], 18, 20));
        let pending = queue.pending(11);
        let ahead: Vec<_> = pending
            .from(0)
            .map(|(record, ahead)| (record.offset, ahead))
            .collect();
        assert_eq!(ahead, [(11, 0), (14, 1), (17, 2)]);
        assert_eq!(
            pending.at(14).map(|(record, ahead)| (record.offset, ahead)),
            Ok((14, 1))
        );
        assert_eq!(
            pending.at(15).map(|_| ()),
            Err(2),
            "a hole has those before it ahead"
        );
        assert_eq!(
            pending.at(19).map(|_| ()),
            Err(4),
            "three known records and offset 18, not read yet"
        );
        assert_eq!(
            pending
                .find(&record(17).hash)
                .map(|(record, ahead)| (record.offset, ahead)),
            Some((17, 2))
        );
        assert!(pending.find(&record(10).hash).is_none(), "consumed");
        assert_eq!((pending.read, pending.end), (18, 20));
    }

    #[test]
    fn a_line_keeps_what_the_queue_forgets() {
        let mut queue = Queue::starting(0);
        for offset in 0..200 {
            queue.extend(batch(&[offset], offset + 1, 200));
        }
        let pending = queue.pending(0);
        queue.release(150);
        assert_eq!(pending.from(0).count(), 200);
        assert_eq!(
            queue
                .pending(150)
                .from(0)
                .map(|(record, _)| record.offset)
                .collect::<Vec<_>>(),
            (150..200).collect::<Vec<_>>()
        );
        assert_eq!(
            queue
                .range(150, 153)
                .map(|record| record.offset)
                .collect::<Vec<_>>(),
            [150, 151, 152]
        );
    }

    #[test]
    fn half_of_a_segment_gives_the_room_of_all_of_it() {
        let journal =
            journal::Journal::open(&"memory:".parse().unwrap(), &journal::Options::default())
                .unwrap();
        let spec = journal::TopicSpec {
            name: "t".into(),
            partitions: 1,
            max_record_bytes: 100,
        };
        journal.create_topic(&spec).unwrap();
        for offset in 0..10 {
            let value = Bytes::from(offset.to_string());
            let entry = journal::Entry {
                value,
                ..journal::Entry::default()
            };
            journal
                .append("t", entry, std::time::Duration::from_secs(9))
                .unwrap();
        }
        // A window of one record: the tail reads the next only when the one before has been let go.
        let (send, read) = std::sync::mpsc::channel();
        let _tail = journal::Tail::spawn(journal, "t", 0, 0, 1, journal::LONG_GAP, move |event| {
            drop(send.send(event));
        });
        let mut queue = Queue::starting(0);
        let pull = |queue: &mut Queue| {
            while let Ok(event) = read.recv_timeout(std::time::Duration::from_millis(200)) {
                if let journal::TailEvent::Batch(batch) = event {
                    queue.extend(TopicBatch::hashed(batch));
                }
            }
            queue.read()
        };
        assert_eq!(pull(&mut queue), 1, "the window is full");
        queue.make_room();
        assert_eq!(pull(&mut queue), 2, "without anything released");
        queue.release(1);
        assert_eq!(
            pull(&mut queue),
            3,
            "half of what is held has been released"
        );
    }

    #[test]
    fn what_is_told_twice_counts_once() {
        let mut queue = Queue::starting(0);
        queue.extend(batch(&[0, 1, 2], 3, 3));
        queue.extend(batch(&[1, 2, 3], 4, 4));
        assert_eq!(
            queue
                .pending(0)
                .from(0)
                .map(|(record, ahead)| (record.offset, ahead))
                .collect::<Vec<_>>(),
            [(0, 0), (1, 1), (2, 2), (3, 3)]
        );
    }
}
