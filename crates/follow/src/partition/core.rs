//! The reader of one partition and the looks at it, as a state machine. Times are milliseconds on the monotonic clock.

use journal::Error;

use super::look::{Question, Seen};
use super::loss::{Loss, Suspicion};
use super::mark::Mark;

/// How soon a partition is looked at again while something is wrong with it, or while the caller waits for a look.
const SOON_MS: u64 = 1_000;
/// Pause before a reader that lost its place is started again.
const RESTART_MS: u64 = 1_000;

/// One partition.
#[derive(Debug)]
pub struct Core {
    topic: String,
    partition: u32,
    reader: Option<Reader>,
    /// Why it cannot be read, while that is so.
    trouble: Option<String>,
    /// Between two looks.
    every_ms: u64,
    /// When to look again; `None`: an answer is awaited.
    look_at_ms: Option<u64>,
    /// When it was looked at last.
    asked_ms: Option<u64>,
    suspicion: Suspicion,
}

/// The reader, and what came of it.
#[derive(Debug, Default)]
struct Reader {
    /// `None`: it has lost its place, and what it still sends counts no more.
    generation: Option<u64>,
    /// The record that was read last.
    last: Option<Mark>,
    /// When the topic was last seen to hold everything that was read: when something of it was read, or compared. `None`: not
    /// since there was reason to doubt it.
    held_ms: Option<u64>,
    /// When to start it again.
    restart_at_ms: Option<u64>,
}

/// The meaning of a look, or of what a reader sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is known.
    Unknown,
    /// The partition is whole, as far as can be seen: it reaches back to the cursor, and holds what was read.
    Whole,
    /// It looks as if it had lost something. It is looked at again; nothing of it may be sealed meanwhile.
    Suspect,
    /// It has lost what was read: that must be forgotten. It is read again from the cursor on.
    Cut(Loss),
    /// It has lost its beginning or its end, beyond doubt.
    Lost(Loss),
}

impl Core {
    /// A partition without a reader, to be looked at now and at this interval. `topic` is its name as the provider has it.
    pub fn new(topic: String, partition: u32, now_ms: u64, every_ms: u64) -> Core {
        Core {
            topic,
            partition,
            reader: None,
            trouble: None,
            every_ms,
            look_at_ms: Some(now_ms),
            asked_ms: None,
            suspicion: Suspicion::default(),
        }
    }

    /// The partition's number.
    pub fn number(&self) -> u32 {
        self.partition
    }

    /// Why it cannot be read, while that is so.
    pub fn trouble(&self) -> Option<&String> {
        self.trouble.as_ref()
    }

    /// Whether nothing speaks against sealing what was read of it.
    pub fn is_whole(&self) -> bool {
        !self.suspicion.is_open()
    }

    /// A reader is started, in place of any before. `generation`: no reader of this partition had it.
    pub fn start(&mut self, generation: u64) {
        self.reader = Some(Reader {
            generation: Some(generation),
            ..Reader::default()
        });
    }

    /// The reader is stopped. False if there is none.
    pub fn stop(&mut self) -> bool {
        let had_one = self.reader.take().is_some();
        if had_one {
            self.trouble = None;
        }
        had_one
    }

    /// Whether what a reader of this generation sends still counts.
    pub fn is_current(&self, generation: u64) -> bool {
        self.generation() == Some(generation)
    }

    /// Records were read, the last of which is given, or news of the end.
    pub fn read(&mut self, now_ms: u64, last: Option<Mark>) {
        self.trouble = None;
        if let (Some(reader), Some(last)) = (&mut self.reader, last) {
            reader.last = Some(last);
            reader.held_ms = Some(now_ms);
        }
    }

    /// The reader cannot read, and keeps trying.
    pub fn unavailable(&mut self, error: &Error) {
        self.trouble = Some(error.to_string());
        if let Some(reader) = &mut self.reader {
            reader.held_ms = None;
        }
    }

    /// The reader can read again.
    pub fn available(&mut self) {
        self.trouble = None;
    }

    /// The reader has lost its place. `Err`: reading it again does not help.
    pub fn lost(&mut self, now_ms: u64, cursor: u64, error: Error) -> Result<Finding, Error> {
        match error {
            Error::Changed { end, .. } => Ok(self.cut(now_ms, cursor, end)),
            Error::OutOfRange { offset, end, .. } if offset > end => {
                Ok(self.cut(now_ms, cursor, end))
            }
            Error::OutOfRange { .. } => {
                // A look shows whether anything is lost.
                self.restart(now_ms);
                Ok(Finding::Unknown)
            }
            Error::NoTopic(_) => {
                // Deleted. Should the topic come back, a look shows how much of it.
                let finding = self.cut(now_ms, cursor, 0);
                self.trouble = Some(error.to_string());
                Ok(finding)
            }
            error => Err(error),
        }
    }

    /// Whether the reader is to be started again now.
    pub fn is_restart_due(&self, now_ms: u64) -> bool {
        self.restart_at_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Whether the topic was seen to hold everything that was read, at most `within_ms` before this time.
    pub fn is_held(&self, at_ms: u64, within_ms: u64) -> bool {
        let is_recent = |held_ms: u64| at_ms.saturating_sub(held_ms) <= within_ms;
        self.reader
            .as_ref()
            .is_none_or(|reader| reader.held_ms.is_some_and(is_recent))
    }

    /// Has it looked at by this time, but not within `pause_ms` of the look before. Unless an answer is awaited.
    pub fn look_by(&mut self, due_ms: u64, pause_ms: u64) {
        let again_ms = self.asked_ms.map_or(0, |asked_ms| asked_ms + pause_ms);
        if let Some(at_ms) = &mut self.look_at_ms {
            *at_ms = due_ms.max(again_ms).min(*at_ms);
        }
    }

    /// Has it looked at as soon as possible. Unless an answer is awaited.
    pub fn look_at_once(&mut self, now_ms: u64) {
        if let Some(at_ms) = &mut self.look_at_ms {
            *at_ms = now_ms;
        }
    }

    /// The look that is due, if one is. `read_to`: everything below has been read.
    pub fn look(&mut self, now_ms: u64, cursor: u64, read_to: u64) -> Option<Question> {
        self.look_at_ms.take_if(|at_ms| *at_ms <= now_ms)?;
        self.asked_ms = Some(now_ms);
        Some(Question {
            partition: self.partition,
            cursor,
            read_to,
            last: self.reader.as_ref().and_then(|reader| reader.last),
            asked_ms: now_ms,
            generation: self.generation(),
        })
    }

    /// Takes what was seen; `None`: the topic could not be looked at, or the cursor is not known to be that of now. `soon`: the
    /// next look is waited for.
    pub fn looked(
        &mut self,
        now_ms: u64,
        cursor: u64,
        question: &Question,
        seen: Option<&Seen>,
        soon: bool,
    ) -> Finding {
        self.look_at_ms = Some(now_ms + if soon { SOON_MS } else { self.every_ms });
        let Some(seen) = seen else {
            return Finding::Unknown;
        };
        if let Some(loss) = self.loss(cursor, question, seen) {
            self.look_at_ms = Some(now_ms + SOON_MS);
            return match self.suspicion.is_confirmed(now_ms) {
                true => Finding::Lost(loss),
                false => Finding::Suspect,
            };
        }
        self.suspicion.clear();
        if question.last.is_some() && question.generation == self.generation() {
            if !seen.holds {
                return self.cut(now_ms, cursor, seen.offsets.end);
            }
            if let Some(reader) = &mut self.reader {
                reader.held_ms = reader.held_ms.max(Some(question.asked_ms));
            }
        }
        Finding::Whole
    }

    /// When something is due.
    pub fn due_ms(&self) -> Option<u64> {
        [self.look_at_ms, self.restart_at_ms()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the ends of the partition show. `cursor` is the one of now, which may have moved since the question.
    fn loss(&self, cursor: u64, question: &Question, seen: &Seen) -> Option<Loss> {
        let (topic, partition) = (self.topic.clone(), self.partition);
        if seen.offsets.start > cursor {
            return Some(Loss::Start {
                topic,
                partition,
                cursor,
                start: seen.offsets.start,
            });
        }
        (seen.offsets.end < question.cursor).then_some(Loss::End {
            topic,
            partition,
            cursor: question.cursor,
            end: seen.offsets.end,
        })
    }

    /// What was read is gone. Without a record to show for it, its reader has only lost its place.
    fn cut(&mut self, now_ms: u64, cursor: u64, end: u64) -> Finding {
        self.restart(now_ms);
        let Some(reader) = &mut self.reader else {
            return Finding::Unknown;
        };
        let Some(last) = reader.last.take() else {
            return Finding::Unknown;
        };
        reader.generation = None;
        reader.held_ms = None;
        let loss = Loss::Cut {
            topic: self.topic.clone(),
            partition: self.partition,
            last: last.offset,
            cursor,
            end,
        };
        self.trouble = Some(loss.to_string());
        Finding::Cut(loss)
    }

    fn restart(&mut self, now_ms: u64) {
        if let Some(reader) = &mut self.reader {
            reader.restart_at_ms = Some(now_ms + RESTART_MS);
        }
        self.look_at_once(now_ms);
    }

    fn generation(&self) -> Option<u64> {
        self.reader.as_ref()?.generation
    }

    fn restart_at_ms(&self) -> Option<u64> {
        self.reader.as_ref()?.restart_at_ms
    }
}
