//! The reader of one partition and the looks at it, as a state machine. Times are milliseconds on the monotonic clock.

use journal::Error;

use super::look::{Answer, Question};
use super::loss::{Loss, Suspicion};
use super::mark::Mark;

/// Time to the next look while something is wrong, or while the caller waits for it.
const SOON_MS: u64 = 1_000;
/// Pause before a reader that lost its place is restarted.
const RESTART_MS: u64 = 1_000;

/// One partition.
#[derive(Debug)]
pub struct Core {
    topic: String,
    partition: u32,
    reader: Option<Reader>,
    /// The reason why the partition cannot be read, if it cannot.
    trouble: Option<String>,
    /// Interval between looks.
    every_ms: u64,
    /// Time of the next look; `None`: an answer is pending.
    look_at_ms: Option<u64>,
    /// Time of the last look.
    asked_ms: Option<u64>,
    suspicion: Suspicion,
}

/// The reader and its progress.
#[derive(Debug, Default)]
struct Reader {
    /// `None`: it has lost its place, and its events no longer count.
    generation: Option<u64>,
    /// The last record read.
    last: Option<Mark>,
    /// Time at which the topic was last known to hold everything that was read: by a read, or by a comparison. `None`:
    /// there has been reason to doubt it since.
    held_ms: Option<u64>,
    /// Time of the restart.
    restart_at_ms: Option<u64>,
}

/// The result of a look, or of an event of the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing was learned.
    Unknown,
    /// The partition is whole, as far as can be seen: it reaches back to the cursor, and holds the records that were read.
    Whole,
    /// It seems to have lost something. Another look follows; nothing of it may be sealed meanwhile.
    Suspect,
    /// It has lost records that were read: these must be dropped. It is read again from the cursor on.
    Cut(Loss),
    /// It has certainly lost its beginning or its end.
    Lost(Loss),
}

impl Core {
    /// Creates a partition without a reader, to be looked at now and at this interval. `topic` is for messages.
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

    /// Number of the partition.
    pub fn number(&self) -> u32 {
        self.partition
    }

    /// The reason why the partition cannot be read, if it cannot.
    pub fn trouble(&self) -> Option<&String> {
        self.trouble.as_ref()
    }

    /// True if the last look gives no reason not to seal what was read.
    pub fn is_whole(&self) -> bool {
        !self.suspicion.is_open()
    }

    /// Notes the start of a reader, in place of the previous one. No other reader of this partition has this `generation`.
    pub fn start(&mut self, generation: u64) {
        self.reader = Some(Reader {
            generation: Some(generation),
            ..Reader::default()
        });
    }

    /// Notes the stop of the reader. False if there is none.
    pub fn stop(&mut self) -> bool {
        let had_one = self.reader.take().is_some();
        if had_one {
            self.trouble = None;
        }
        had_one
    }

    /// True if events of this generation's reader still count.
    pub fn is_current(&self, generation: u64) -> bool {
        self.generation() == Some(generation)
    }

    /// Notes a read, with its last record, or with `None` news of the end.
    pub fn read(&mut self, now_ms: u64, last: Option<Mark>) {
        self.trouble = None;
        if let (Some(reader), Some(last)) = (&mut self.reader, last) {
            reader.last = Some(last);
            reader.held_ms = Some(now_ms);
        }
    }

    /// Notes that the reader cannot read, and keeps trying.
    pub fn unavailable(&mut self, error: &Error) {
        self.trouble = Some(error.to_string());
        if let Some(reader) = &mut self.reader {
            reader.held_ms = None;
        }
    }

    /// Notes that the reader can read again.
    pub fn available(&mut self) {
        self.trouble = None;
    }

    /// Notes that the reader has lost its place. `Err`: reading again does not help.
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
                // The topic was deleted. If it comes back, a look shows how much of it.
                let finding = self.cut(now_ms, cursor, 0);
                self.trouble = Some(error.to_string());
                Ok(finding)
            }
            error => Err(error),
        }
    }

    /// True if the reader is to be restarted now.
    pub fn is_restart_due(&self, now_ms: u64) -> bool {
        self.restart_at_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// True if the topic was known to hold everything that was read, at most `within_ms` before this time.
    pub fn is_held(&self, at_ms: u64, within_ms: u64) -> bool {
        let is_recent = |held_ms: u64| at_ms.saturating_sub(held_ms) <= within_ms;
        self.reader
            .as_ref()
            .is_none_or(|reader| reader.held_ms.is_some_and(is_recent))
    }

    /// Schedules a look by this time, but not within `pause_ms` of the last one. No effect while an answer is pending.
    pub fn look_by(&mut self, due_ms: u64, pause_ms: u64) {
        let again_ms = self.asked_ms.map_or(0, |asked_ms| asked_ms + pause_ms);
        if let Some(at_ms) = &mut self.look_at_ms {
            *at_ms = due_ms.max(again_ms).min(*at_ms);
        }
    }

    /// Schedules a look as soon as possible. No effect while an answer is pending.
    pub fn look_at_once(&mut self, now_ms: u64) {
        if let Some(at_ms) = &mut self.look_at_ms {
            *at_ms = now_ms;
        }
    }

    /// The look that is due, if any. Every record below `read_to` has been read.
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

    /// Takes the answer; `None`: the topic could not be looked at, or the cursor may not be the current one. `soon`:
    /// the caller waits for the next look.
    pub fn looked(
        &mut self,
        now_ms: u64,
        cursor: u64,
        question: &Question,
        seen: Option<&Answer>,
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

    /// Time of the next work.
    pub fn due_ms(&self) -> Option<u64> {
        [self.look_at_ms, self.restart_at_ms()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The loss that the ends of the partition show. `cursor` is the current one, which may have moved since the question.
    fn loss(&self, cursor: u64, question: &Question, seen: &Answer) -> Option<Loss> {
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

    /// Handles the loss of records that were read. If none was read, the reader has only lost its place.
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
