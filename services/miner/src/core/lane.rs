//! One partition as the miner sees it: its queue while it is watched, and whether its log is whole.

use journal::{Offsets, Record};

use super::output::{Loss, Survey, Surveyed};
use super::queue::Queue;

/// How often the ends of an own partition are asked for.
const SURVEY_MS: u64 = 5_000;
/// How soon again, while something is wrong or a hole waits to be confirmed.
const SURVEY_SOON_MS: u64 = 1_000;
/// A log that is cut must look cut for this long: after a change of leaders, or while blocks of others are still on their way
/// to us, one look may lie.
const LOSS_CONFIRM_MS: u64 = 3_000;

/// What was read counts for so long after the log was seen to hold it: then it is compared again before it is sealed.
/// Within this time no log loses its end and grows again.
const FRESH_MS: u64 = 1_000;
/// How long before a block is due its records are compared, so that it need not wait.
const AHEAD_MS: u64 = 300;
/// How long a sealed block may have taken: a longer one is compared again before it is appended. More than a block that was
/// fresh when it was begun needs as a rule, less than a broker takes to start again.
const SEALED_FRESH_MS: u64 = 2_000;

const _: () = assert!(AHEAD_MS < FRESH_MS && FRESH_MS < SEALED_FRESH_MS);

/// A partition.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) partition: u32,
    /// Pinned to this miner; others are only rescued.
    pub(crate) own: bool,
    /// Its reader, if it has one.
    pub(crate) watch: Option<Watch>,
    /// Why its log cannot be read, while that is so.
    pub(crate) trouble: Option<String>,
    /// When to ask for its ends again; `None`: the answer is awaited.
    survey_at_ms: Option<u64>,
    /// When it was asked last.
    surveyed_ms: Option<u64>,
    /// Whether what is ripe here waits until it has been compared.
    pub(crate) waits: bool,
    survey_every_ms: u64,
    /// Since when its log looks cut.
    cut_since_ms: Option<u64>,
    /// Whether that has been said.
    loss_told: bool,
    /// The cursor at the last look, if records waited behind it.
    waiting_at: Option<u64>,
}

/// The reader of a partition and what came of it.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) generation: u64,
    pub(crate) queue: Queue,
    /// The record that was read last.
    pub(crate) last: Option<Record>,
    /// When the log was last seen to hold everything in the queue: when something of it was read, or compared. `None`: not since there was
    /// reason to doubt it.
    pub(crate) fresh_ms: Option<u64>,
    /// When to start the reader again, after it lost its place.
    pub(crate) restart_at_ms: Option<u64>,
}

/// What a survey means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The log is whole, as far as can be seen.
    Whole,
    /// It looks cut; it is looked at again.
    Suspect,
    /// It has lost its end, as far as it had been read, and reaches the chain's cursor.
    Cut,
    /// It is cut.
    Lost(Loss),
}

impl Lane {
    /// An own partition: `rescue_age_ms` is none. Another one: what it takes to rescue it.
    pub(crate) fn new(partition: u32, now_ms: u64, rescue_age_ms: Option<u64>) -> Lane {
        Lane {
            partition,
            own: rescue_age_ms.is_none(),
            watch: None,
            trouble: None,
            survey_at_ms: Some(now_ms),
            surveyed_ms: None,
            waits: false,
            survey_every_ms: rescue_age_ms.map_or(SURVEY_MS, |age| (age / 3).clamp(250, 10_000)),
            cut_since_ms: None,
            loss_told: false,
            waiting_at: None,
        }
    }

    pub(crate) fn queue(&self) -> Option<&Queue> {
        self.watch.as_ref().map(|watch| &watch.queue)
    }

    pub(crate) fn queue_mut(&mut self) -> Option<&mut Queue> {
        self.watch.as_mut().map(|watch| &mut watch.queue)
    }

    /// Whether nothing speaks against sealing what is here.
    pub(crate) fn is_whole(&self) -> bool {
        self.cut_since_ms.is_none()
    }

    /// Asks for the ends of the partition if it is time to.
    pub(crate) fn survey(&mut self, now_ms: u64, cursor: u64) -> Option<Survey> {
        if self.survey_at_ms.is_none_or(|at| at > now_ms) {
            return None;
        }
        self.survey_at_ms = None;
        self.surveyed_ms = Some(now_ms);
        let read_to = self.queue().map_or(cursor, Queue::read_to);
        let last = self.watch.as_ref().and_then(|watch| {
            let last = watch.last.clone()?;
            Some((watch.generation, last))
        });
        Some(Survey {
            partition: self.partition,
            cursor,
            read_to,
            last,
            asked_ms: now_ms,
        })
    }

    /// Whether what is in the queue may be sealed at this time: the log held it a moment before.
    pub(crate) fn is_fresh(&self, at_ms: u64) -> bool {
        self.is_confirmed(at_ms, FRESH_MS)
    }

    /// Whether a block that has been sealed may be appended.
    pub(crate) fn is_fresh_enough(&self, at_ms: u64) -> bool {
        self.is_confirmed(at_ms, SEALED_FRESH_MS)
    }

    fn is_confirmed(&self, at_ms: u64, within_ms: u64) -> bool {
        let is_recent = |fresh_ms: u64| at_ms.saturating_sub(fresh_ms) <= within_ms;
        self.watch
            .as_ref()
            .is_none_or(|watch| watch.fresh_ms.is_some_and(is_recent))
    }

    /// Compares what is in the queue in time for a block that is due then, but not twice within a second. Unless an
    /// answer is awaited.
    pub(crate) fn compare_by(&mut self, due_ms: u64) {
        let again_ms = self.surveyed_ms.map_or(0, |at| at + FRESH_MS);
        if let Some(at) = &mut self.survey_at_ms {
            *at = due_ms.saturating_sub(AHEAD_MS).max(again_ms).min(*at);
        }
    }

    /// Asks as soon as possible, unless an answer is awaited.
    pub(crate) fn survey_at_once(&mut self, now_ms: u64) {
        if let Some(at) = &mut self.survey_at_ms {
            *at = now_ms;
        }
    }

    /// Takes the answer. `cursor` is the one of now, which may have moved since the question.
    pub(crate) fn surveyed(
        &mut self,
        now_ms: u64,
        topic: &str,
        cursor: u64,
        survey: &Survey,
        found: Option<Surveyed>,
    ) -> Finding {
        let waits = self.queue().is_some_and(Queue::waits_for_confirmation);
        let pause_ms = if waits {
            SURVEY_SOON_MS
        } else {
            self.survey_every_ms
        };
        self.survey_at_ms = Some(now_ms + pause_ms);
        let Some(found) = found else {
            return Finding::Whole;
        };
        let Some(loss) = loss(topic, cursor, survey, found.offsets) else {
            self.cut_since_ms = None;
            self.loss_told = false;
            if let (Some(watch), Some((generation, _))) = (&mut self.watch, &survey.last)
                && watch.generation == *generation
            {
                if !found.holds {
                    return Finding::Cut;
                }
                watch.fresh_ms = watch.fresh_ms.max(Some(survey.asked_ms));
            }
            if let Some(queue) = self.queue_mut() {
                queue.confirm_holes(survey.read_to);
                if queue.waits_for_confirmation() {
                    // Read after the question was asked.
                    self.survey_at_once(now_ms);
                }
            }
            return Finding::Whole;
        };
        self.survey_at_ms = Some(now_ms + SURVEY_SOON_MS);
        let since = *self.cut_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) < LOSS_CONFIRM_MS {
            return Finding::Suspect;
        }
        Finding::Lost(loss)
    }

    /// Whether the loss is news.
    pub(crate) fn tell_loss(&mut self) -> bool {
        !std::mem::replace(&mut self.loss_told, true)
    }

    /// Notes whether records wait behind the cursor; true if the same ones did at the look before.
    pub(crate) fn still_waiting(&mut self, survey: &Survey, found: Option<Surveyed>) -> bool {
        let Some(Surveyed { offsets: found, .. }) = found else {
            return false;
        };
        let before = self.waiting_at;
        self.waiting_at = (found.end > survey.cursor).then_some(survey.cursor);
        before.is_some() && before == self.waiting_at
    }

    /// When something is due here.
    pub(crate) fn wake_ms(&self) -> Option<u64> {
        let restart = self.watch.as_ref().and_then(|watch| watch.restart_at_ms);
        [self.survey_at_ms, restart].into_iter().flatten().min()
    }
}

/// What the ends of a partition say of the records that the chain needs.
fn loss(topic: &str, cursor: u64, survey: &Survey, found: Offsets) -> Option<Loss> {
    let (topic, partition) = (topic.to_owned(), survey.partition);
    if found.start > cursor {
        return Some(Loss::Start {
            topic,
            partition,
            cursor,
            start: found.start,
        });
    }
    (found.end < survey.cursor).then_some(Loss::End {
        topic,
        partition,
        cursor: survey.cursor,
        end: found.end,
    })
}
