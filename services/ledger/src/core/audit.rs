//! The progress of the audit in one partition, and what it needs to continue.

use std::collections::VecDeque;
use std::sync::Arc;

use chain::{Accepted, Hash};

use super::compare::{absolve, compare};
use super::queue::Queue;
use crate::model::{Audited, Subject, TopicRecord};

/// Bytes of blocks that wait for the topic to be read, per partition. Further ones are read back from the index.
const WAITING_BYTES: usize = 4 << 20;

/// The audit of one partition.
#[derive(Debug, Default)]
pub struct Audit {
    /// Every offset below has been compared.
    audited: u64,
    /// Blocks to compare next, without a gap.
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// A block is being read back.
    loading: bool,
    /// The audit's own reading of the topic, while it is behind the queue.
    queue: Option<Queue>,
    /// The topic begins at this offset: earlier records are gone.
    start: u64,
    /// Records that the topic held and may have lost since: offset and hash, in order.
    seen: Vec<(u64, Hash)>,
    /// The block at this offset disagreed, and the topic is being read again since then.
    doubted: Option<u64>,
}

/// The outcome of comparing a block.
#[derive(Debug)]
pub enum Outcome {
    /// The block was compared.
    Audited(Audited),
    /// The block disagrees with what was read of the topic a while ago: that must be read again first.
    Doubted,
}

#[derive(Debug)]
enum Waiting {
    Fresh(Arc<Accepted>),
    Loaded(Box<Subject>),
}

/// A request of the audit.
#[derive(Debug, PartialEq, Eq)]
pub enum Want {
    /// None: the audit waits for blocks or for the topic.
    Nothing,
    /// The block whose slice holds this offset, from the index.
    Load(u64),
    /// The topic from this offset on.
    Read(u64),
    /// The end of the audit's own reader.
    Stop,
}

impl Waiting {
    fn slice(&self) -> (u64, u64) {
        match self {
            Waiting::Fresh(accepted) => (
                accepted.block.header().from_offset,
                accepted.block.header().to_offset,
            ),
            Waiting::Loaded(subject) => (subject.from, subject.to),
        }
    }

    fn height(&self) -> u64 {
        match self {
            Waiting::Fresh(accepted) => accepted.height(),
            Waiting::Loaded(subject) => subject.height,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Waiting::Fresh(accepted) => accepted.block.size(),
            Waiting::Loaded(subject) => std::mem::size_of_val(&*subject.slots),
        }
    }
}

impl Audit {
    /// Creates an audit that resumes at an offset.
    pub fn from(audited: u64) -> Audit {
        Audit {
            audited,
            ..Audit::default()
        }
    }

    /// Every offset below has been compared.
    pub fn audited(&self) -> u64 {
        self.audited
    }

    /// Height of the block to compare next, if it has been loaded.
    pub fn next_height(&self) -> Option<u64> {
        self.waiting.front().map(Waiting::height)
    }

    /// Takes a new block of this partition. It is kept if it follows the kept ones and there is room.
    pub fn block(&mut self, accepted: &Arc<Accepted>) {
        let end = self
            .waiting
            .back()
            .map_or(self.audited, |last| last.slice().1);
        if accepted.block.header().from_offset == end && self.bytes < WAITING_BYTES {
            self.bytes += accepted.block.size();
            self.waiting.push_back(Waiting::Fresh(accepted.clone()));
        }
    }

    /// Takes a block read back from the index; `None`: it is not there yet.
    pub fn loaded(&mut self, subject: Option<Subject>) {
        self.loading = false;
        if let Some(subject) = subject
            && subject.from == self.audited
            && self.waiting.is_empty()
        {
            self.bytes += std::mem::size_of_val(&*subject.slots);
            self.waiting.push_back(Waiting::Loaded(Box::new(subject)));
        }
    }

    /// The audit's own reading of the topic, while there is one.
    pub fn queue(&mut self) -> Option<&mut Queue> {
        self.queue.as_mut()
    }

    /// Lets `live`, or the audit's own queue, be read as far as the next block reaches.
    pub fn make_room(&mut self, live: Option<&mut Queue>) {
        let Some((_, to)) = self.waiting.front().map(Waiting::slice) else {
            return;
        };
        let queues = live.into_iter().chain(self.queue.as_mut());
        queues
            .filter(|queue| queue.read() < to)
            .for_each(Queue::make_room);
    }

    /// Notes that the topic begins at `start`.
    pub fn begins(&mut self, start: u64) {
        self.start = self.start.max(start);
        if let Some(queue) = &mut self.queue {
            queue.restart(start);
        }
    }

    /// Compares the next block if both sides are there; `live` is the queue's knowledge of the topic.
    pub fn compare(
        &mut self,
        live: Option<&Queue>,
        chain_id: &Hash,
        number: u64,
    ) -> Option<Outcome> {
        let (from, to) = self
            .waiting
            .front()
            .map(Waiting::slice)
            .filter(|(from, _)| *from == self.audited)?;
        let start = self.start;
        let knows =
            |queue: &&Queue| (queue.base() <= from || queue.base() <= start) && queue.read() >= to;
        let queue = live.filter(knows).or(self.queue.as_ref().filter(knows))?;
        let subject = match self.waiting.front()? {
            Waiting::Fresh(accepted) => Subject::from(&**accepted),
            Waiting::Loaded(subject) => Subject::clone(subject),
        };
        let mut audited = compare(&subject, queue.range(from, to), start, chain_id, number);
        if audited.accuses() {
            let read_live = live.is_some_and(|live| std::ptr::eq(live, queue));
            if read_live && self.doubted.replace(from) != Some(from) {
                return Some(Outcome::Doubted);
            }
            let held = |offset| {
                queue
                    .range(offset, offset + 1)
                    .next()
                    .map(|record| record.hash)
            };
            audited.findings = absolve(&subject, audited.findings, number, &self.seen, &held);
        }
        if let Some(waiting) = self.waiting.pop_front() {
            self.bytes -= waiting.bytes();
        }
        self.audited = to;
        self.seen.retain(|(offset, _)| *offset >= to);
        if let Some(queue) = &mut self.queue {
            queue.release(to);
        }
        Some(Outcome::Audited(audited))
    }

    /// Notes that the topic held these records: a block that holds one of them is right even if the topic has lost it.
    pub fn remember(&mut self, records: &[&TopicRecord]) {
        let records = records
            .iter()
            .filter(|record| record.offset >= self.audited);
        self.seen
            .extend(records.map(|record| (record.offset, record.hash)));
        self.seen.sort_unstable();
        self.seen.dedup();
    }

    /// Ends the audit's own reading.
    pub fn drop_queue(&mut self) {
        self.queue = None;
    }

    /// Returns what the audit needs to continue. Every block below `cursor` is in the index.
    pub fn want(&mut self, live: Option<&Queue>, cursor: u64) -> Want {
        // Nothing can be read back, nor compared, before readers see the index.
        let Some(live) = live else {
            return Want::Nothing;
        };
        let live_covers = live.base() <= self.audited;
        if live_covers && self.queue.take().is_some() {
            return Want::Stop;
        }
        if self.waiting.is_empty() && self.audited < cursor && !self.loading {
            self.loading = true;
            return Want::Load(self.audited);
        }
        if !live_covers && self.queue.is_none() && self.audited < cursor {
            self.queue = Some(Queue::starting(self.audited));
            return Want::Read(self.audited);
        }
        Want::Nothing
    }
}
