//! Compares the topic with what was read of it: its ends, and the last record processed.

use bytes::Bytes;
use chain::Hash;
use topics::{BLOCKCHAIN_PARTITION, DataLoss};

use super::input::Compared;
use super::output::{Output, Task};
use crate::event::Fatal;

/// Shortest interval between comparisons while records come in. A topic can be cut and grow again without its reader
/// noticing (a change of leader on Kafka); this limits for how long.
const COMPARE_EVERY_MS: u64 = 30_000;

/// The last candidate that was processed.
pub(crate) struct Last {
    pub(crate) offset: u64,
    value: Value,
}

/// Hashed only on demand, which is once in many blocks.
enum Value {
    Bytes(Bytes),
    Hash(Hash),
}

impl Last {
    pub(crate) fn read(offset: u64, value: Bytes) -> Last {
        Last {
            offset,
            value: Value::Bytes(value),
        }
    }

    pub(crate) fn stored(offset: u64, hash: Hash) -> Last {
        Last {
            offset,
            value: Value::Hash(hash),
        }
    }

    pub(crate) fn hash(&self) -> Hash {
        match &self.value {
            Value::Bytes(value) => Hash::of(value),
            Value::Hash(hash) => *hash,
        }
    }
}

/// Asks for comparisons and judges the answers.
pub(crate) struct Guard {
    topic: String,
    questions: u64,
    asked_ms: u64,
    open: Option<Question>,
}

struct Question {
    number: u64,
    last: Option<(u64, Hash)>,
    next_offset: u64,
}

impl Guard {
    pub(crate) fn new(topic: String) -> Guard {
        Guard {
            topic,
            questions: 0,
            asked_ms: 0,
            open: None,
        }
    }

    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.open.is_none() && now_ms.saturating_sub(self.asked_ms) >= COMPARE_EVERY_MS
    }

    pub(crate) fn ask(
        &mut self,
        now_ms: u64,
        last: Option<&Last>,
        next_offset: u64,
        out: &mut Vec<Output>,
    ) {
        self.questions += 1;
        self.asked_ms = now_ms;
        let last = last.map(|last| (last.offset, last.hash()));
        self.open = Some(Question {
            number: self.questions,
            last,
            next_offset,
        });
        out.push(Output::Task(Task::Compare {
            question: self.questions,
            offset: last.map(|(offset, _)| offset),
            next_offset,
        }));
    }

    /// `None`: the answer to a question that is no longer open.
    pub(crate) fn judge(&mut self, found: &Compared) -> Option<Result<(), Fatal>> {
        let question = self
            .open
            .take_if(|question| question.number == found.question)?;
        Some(self.compare(&question, found))
    }

    fn compare(&self, question: &Question, found: &Compared) -> Result<(), Fatal> {
        let Compared { start, end, .. } = *found;
        if start > question.next_offset || end < question.next_offset {
            return Err(self.out_of_range(question.next_offset, start, end));
        }
        match (question.last, found.found) {
            (Some((offset, _)), None) if offset < start => Ok(()), // Deleted after it was read: nothing was missed.
            (Some((offset, expected)), found) if found != Some(expected) => Err(self.loss(
                offset,
                format!("a record with hash {expected}"),
                found.map_or("no record".into(), |hash| format!("one with hash {hash}")),
            )),
            _ => Ok(()),
        }
    }

    /// The topic does not hold the offset to be read next.
    pub(crate) fn out_of_range(&self, offset: u64, start: u64, end: u64) -> Fatal {
        let expected = if start > offset {
            "a topic that begins there or below, or a snapshot that covers the missing records"
        } else {
            "a topic that reaches it"
        };
        self.loss(
            offset,
            expected.into(),
            format!("one from {start} to {end}"),
        )
    }

    fn loss(&self, offset: u64, expected: String, found: String) -> Fatal {
        Fatal::DataLoss(DataLoss {
            topic: self.topic.clone(),
            partition: BLOCKCHAIN_PARTITION,
            offset,
            expected,
            found,
        })
    }
}
