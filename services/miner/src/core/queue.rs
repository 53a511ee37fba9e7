//! The pending records of one partition, from the chain's cursor on, as they were read and checked.
//!
//! ```text
//!  cursor                    ready to here            read to here
//!    │ record │ hole │ record │ record, being checked │ ┄ not read yet
//! ```
//!
//! Records are checked as they arrive, while other blocks are being sealed, so that the next block is assembled at
//! once when the tip moves. A hole is never at the end: only the record behind it proves it. It is sealed only once
//! the topic is known to reach back to it, because a topic cut at its start looks the same.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use chain::{Record, Slot};
use engine::Now;
use journal::limits::MAX_TRACE_HEADERS;
use journal::trace::{self, TRACEPARENT};
use journal::{Batch, Permit};

/// Bytes of a record in a block beside its value: tag, length and verdict.
const RECORD_OVERHEAD_BYTES: usize = 4;

// Readers of a block link all contexts that it carries.
const _: () = assert!(MAX_TRACE_HEADERS <= kit::messaging::MAX_LINKS);

/// The queue of one partition.
#[derive(Debug)]
pub(crate) struct Queue {
    cursor: u64,
    read_to: u64,
    items: VecDeque<Item>,
    /// Number of items from the front that may be sealed, and their size in a block.
    ready: usize,
    ready_bytes: usize,
    /// Holes below this offset are confirmed.
    confirmed_to: u64,
    /// Window permits of the batches read, by the offset at which a batch ends.
    permits: VecDeque<(u64, Permit)>,
}

#[derive(Debug)]
struct Item {
    offset: u64,
    seen: Seen,
    /// Trace context of the record, if it is sampled.
    trace: Option<Bytes>,
    /// `None` until it has been checked.
    record: Option<Record>,
}

/// Records to be checked against the stateless rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unchecked {
    pub(crate) offsets: Vec<u64>,
    pub(crate) values: Vec<Bytes>,
    /// The sampled trace contexts of the records.
    pub(crate) traces: Vec<(String, Bytes)>,
}

/// The records that could be sealed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    /// The first record.
    pub(crate) oldest: Seen,
}

/// The age of a record, on the monotonic clock.
///
/// An append time is on the journal's wall clock. It is compared with ours once, when the record is read. A later step of
/// either clock changes no age, and a journal whose clock is ahead counts as one that agrees with ours. So a wrong clock
/// can make a block early, at the cost of a smaller block, and can never delay one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    read_ms: u64,
    /// Age of the record at that time.
    age_ms: u64,
}

impl Seen {
    fn new(now: Now, append_ms: u64) -> Seen {
        Seen {
            read_ms: now.elapsed_ms,
            age_ms: match append_ms {
                // The journal keeps no times.
                0 => 0,
                append_ms => now.wall_ms().saturating_sub(append_ms),
            },
        }
    }

    pub(crate) fn age_ms(self, now_ms: u64) -> u64 {
        now_ms
            .saturating_sub(self.read_ms)
            .saturating_add(self.age_ms)
    }

    /// Time at which the record reaches this age.
    pub(crate) fn ripe_ms(self, age_ms: u64) -> u64 {
        self.read_ms
            .saturating_add(age_ms.saturating_sub(self.age_ms))
    }
}

impl Queue {
    pub(crate) fn new(cursor: u64) -> Queue {
        Queue {
            cursor,
            read_to: cursor,
            items: VecDeque::new(),
            ready: 0,
            ready_bytes: 0,
            confirmed_to: cursor,
            permits: VecDeque::new(),
        }
    }

    /// Every record below this offset has been read.
    pub(crate) fn read_to(&self) -> u64 {
        self.read_to
    }

    /// Number of records read at or above the cursor.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes a batch, and returns the records to be checked.
    pub(crate) fn take(&mut self, now: Now, batch: Batch) -> Unchecked {
        let mut unchecked = Unchecked::default();
        let first = self.items.len();
        for record in batch.records {
            if record.offset < self.read_to.max(self.cursor) {
                continue;
            }
            self.read_to = record.offset + 1;
            self.items.push_back(Item {
                offset: record.offset,
                seen: Seen::new(now, record.append_ms),
                trace: trace::sampled(&record.headers).map(|sampled| sampled.value),
                record: None,
            });
            unchecked.offsets.push(record.offset);
            unchecked.values.push(record.value);
        }
        unchecked.traces = distinct(self.items.range(first..));
        self.read_to = self.read_to.max(batch.next);
        if let Some(permit) = batch.permit
            && batch.next > self.cursor
        {
            self.permits.push_back((batch.next, permit));
        }
        unchecked
    }

    /// Takes checked records, in offset order. Those that another block has consumed meanwhile are dropped.
    pub(crate) fn checked(&mut self, records: impl IntoIterator<Item = (u64, Record)>) {
        let mut at = None;
        for (offset, record) in records {
            let index =
                at.unwrap_or_else(|| self.items.partition_point(|item| item.offset < offset));
            match self.items.get_mut(index) {
                Some(item) if item.offset == offset => {
                    item.record = Some(record);
                    at = Some(index + 1);
                }
                _ => at = None,
            }
        }
        self.extend_ready();
    }

    /// Follows the chain's cursor.
    pub(crate) fn advance(&mut self, cursor: u64) {
        if cursor <= self.cursor {
            return;
        }
        self.cursor = cursor;
        while let Some(item) = self.items.front()
            && item.offset < cursor
        {
            if self.ready > 0 {
                self.ready -= 1;
                self.ready_bytes -= size(item);
            }
            self.items.pop_front();
        }
        while let Some((end, _)) = self.permits.front()
            && *end <= cursor
        {
            self.permits.pop_front();
        }
        self.extend_ready();
    }

    /// Notes that the topic reached back to the cursor after everything below `read_to` was read.
    pub(crate) fn confirm_holes(&mut self, read_to: u64) {
        self.confirmed_to = self.confirmed_to.max(read_to);
        self.extend_ready();
    }

    /// True if a hole waits for confirmation.
    pub(crate) fn waits_for_confirmation(&self) -> bool {
        self.items
            .get(self.ready)
            .is_some_and(|item| item.record.is_some())
    }

    /// The records that could be sealed now; `None` if there are none.
    pub(crate) fn pending(&self) -> Option<Pending> {
        let oldest = self.items.front().filter(|_| self.ready > 0)?;
        Some(Pending {
            records: self.ready,
            bytes: self.ready_bytes,
            oldest: oldest.seen,
        })
    }

    /// The first slots from the cursor on, at most `limit`.
    pub(crate) fn slots(&self, limit: usize) -> Vec<Slot<Record>> {
        let mut slots = Vec::with_capacity(self.ready.min(limit));
        let mut next = self.cursor;
        for item in self.items.iter().take(self.ready.min(limit)) {
            if item.offset > next {
                slots.push(Slot::Hole(item.offset - next));
            }
            next = item.offset + 1;
            let record = item.record.clone().expect("ready items are checked");
            slots.push(Slot::Record(record));
        }
        slots
    }

    /// The trace contexts of the sampled records below `to_offset`, each once, as many as a block may carry. The records of
    /// one batch share theirs.
    pub(crate) fn traces(&self, to_offset: u64) -> Vec<(String, Bytes)> {
        distinct(self.items.iter().take_while(|item| item.offset < to_offset))
    }

    fn extend_ready(&mut self) {
        let mut next = match self.ready {
            0 => self.cursor,
            ready => self.items[ready - 1].offset + 1,
        };
        while let Some(item) = self.items.get(self.ready)
            && item.record.is_some()
            && (item.offset == next || item.offset <= self.confirmed_to)
        {
            next = item.offset + 1;
            self.ready_bytes += size(item);
            self.ready += 1;
        }
    }
}

/// The contexts of sampled items, each once, as many as a block may carry.
fn distinct<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<(String, Bytes)> {
    let mut seen = BTreeSet::new();
    items
        .filter_map(|item| item.trace.as_ref())
        .filter(|trace| seen.insert(*trace))
        .take(MAX_TRACE_HEADERS)
        .map(|trace| (TRACEPARENT.to_owned(), trace.clone()))
        .collect()
}

/// Bytes of an item in a block.
fn size(item: &Item) -> usize {
    let bytes = item
        .record
        .as_ref()
        .map_or(0, |record| record.bytes().len());
    RECORD_OVERHEAD_BYTES + bytes
}
