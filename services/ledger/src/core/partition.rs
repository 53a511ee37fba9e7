//! One partition of `transactions`: its readers, its queue and its audit.

use std::sync::Arc;

use chain::Rules;
use follow::partition::{self, Mark, Suspicion};

use super::audit::{Audit, Outcome, Want};
use super::queue::Queue;
use super::{News, Output, Question, Role};
use crate::model::{Audited, PendingView, TopicRecord, Trouble};

/// Interval between attempts to resume a reader that failed.
const RETRY_INTERVAL_MS: u64 = 5_000;

/// A partition in the core.
pub struct Partition {
    pub audit: Audit,
    /// Present once the follower has caught up.
    pub(super) queue: Option<Queue>,
    pending: Arc<PendingView>,
    /// The cursor of the chain that readers see.
    pub(super) cursor: u64,
    /// Generation of the newest reader of each role.
    generations: [u64; 2],
    /// Readers that failed, by role, and since when.
    lost: [Option<Lost>; 2],
    /// The trouble of each role's reader.
    trouble: [Option<Trouble>; 2],
    /// Records that were removed before they were sealed: they cannot come back.
    gap: Option<Trouble>,
    /// The last record that the queue's reader has read.
    pub(super) last: Option<Mark>,
    /// A loss of records that had been read.
    pub(super) loss: Option<Loss>,
    /// Blocks below this offset are to be compared again.
    pub(super) recheck_due: Option<u64>,
    /// The same, while the comparison runs.
    pub(super) rechecking: Option<u64>,
    /// Surveys that showed such a gap.
    suspicion: Suspicion,
}

/// A loss, until the topic holds the lost records again.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// The last record before the loss was noticed.
    pub(super) mark: Mark,
    pub(super) trouble: Trouble,
}

#[derive(Clone, Copy)]
struct Lost {
    from: u64,
    since_ms: Option<u64>,
}

impl Partition {
    /// Creates a partition whose audit resumes at an offset.
    pub fn new(audited: u64) -> Partition {
        Partition {
            audit: Audit::from(audited),
            queue: None,
            pending: Arc::default(),
            cursor: 0,
            generations: [0; 2],
            lost: [None; 2],
            trouble: [None, None],
            gap: None,
            last: None,
            loss: None,
            recheck_due: None,
            rechecking: None,
            suspicion: Suspicion::default(),
        }
    }

    /// The pending records.
    pub fn pending(&self) -> Arc<PendingView> {
        self.pending.clone()
    }

    /// Notes that readers see the chain with this cursor from now on.
    pub fn advance(&mut self, cursor: u64) {
        if self.cursor != cursor || self.pending.cursor != cursor {
            self.cursor = cursor;
            self.redraw();
        }
    }

    /// Takes a reader's report. Returns the records that are new to the queue.
    pub fn news(
        &mut self,
        role: Role,
        generation: u64,
        news: News,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) -> Vec<TopicRecord> {
        if generation != self.generations[role as usize] {
            return Vec::new();
        }
        match news {
            News::Batch(batch) => {
                self.trouble[role as usize] = None;
                if role == Role::Audit {
                    if let Some(queue) = self.audit.queue() {
                        queue.extend(batch);
                    }
                    return Vec::new();
                }
                let fresh = batch.records.clone();
                if let Some(record) = fresh.last() {
                    self.last = Some(record.mark());
                }
                if let Some(queue) = &mut self.queue {
                    queue.extend(batch);
                }
                self.redraw();
                return fresh;
            }
            News::Unavailable(error) => {
                self.trouble[role as usize] =
                    Some(Trouble::Unavailable(format!("{topic}/{number}: {error}")))
            }
            News::Available => self.trouble[role as usize] = None,
            News::Lost(error) => self.lost(role, error, number, topic, out),
        }
        Vec::new()
    }

    /// Continues the audit. Every block below `cursor` is in the index; `live`: the queue may be read.
    pub fn audit(
        &mut self,
        number: u32,
        cursor: u64,
        live: bool,
        rules: &Rules,
        findings: &mut u64,
        out: &mut Vec<Output>,
    ) -> Vec<Audited> {
        if live && self.queue.is_none() {
            self.queue = Some(Queue::starting(self.cursor));
            self.read(Role::Live, self.cursor, number, out);
            // The topic may have been cut while it was not read.
            out.push(Output::Survey {
                partition: number,
                question: Question::HoldsCompared(self.audit.audited()),
            });
        }
        let mut compared = Vec::new();
        while let Some(outcome) =
            self.audit
                .compare(self.queue.as_ref(), &rules.chain_id, *findings)
        {
            let Outcome::Audited(audited) = outcome else {
                self.doubt(number, out);
                break;
            };
            *findings += audited.findings.len() as u64;
            compared.push(audited);
        }
        self.audit.make_room(self.queue.as_mut());
        match self.audit.want(self.queue.as_ref(), cursor) {
            Want::Nothing => {}
            Want::Load(offset) => out.push(Output::Load {
                partition: number,
                offset,
            }),
            Want::Read(from) => self.read(Role::Audit, from, number, out),
            Want::Stop => self.stop_reader(Role::Audit, number, out),
        }
        self.release();
        compared
    }

    /// Restarts readers that failed.
    pub fn retry(&mut self, number: u32, now_ms: u64, out: &mut Vec<Output>) {
        for role in [Role::Live, Role::Audit] {
            let Some(lost) = &mut self.lost[role as usize] else {
                continue;
            };
            let since_ms = *lost.since_ms.get_or_insert(now_ms);
            if now_ms >= since_ms + RETRY_INTERVAL_MS {
                let from = lost.from;
                self.read(role, from, number, out);
            }
        }
    }

    /// Time of the next restart, once [`Partition::retry`] has noted since when.
    pub fn retry_at_ms(&self) -> Option<u64> {
        let since = self.lost.iter().flatten().filter_map(|lost| lost.since_ms);
        since.min().map(|since_ms| since_ms + RETRY_INTERVAL_MS)
    }

    /// Notes that the topic begins at `start`. Returns true if records are gone that no block holds, which is news.
    /// Blocks in flight may hold them, so one survey is not believed.
    pub fn surveyed(
        &mut self,
        now_ms: u64,
        start: u64,
        caught_up: bool,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) -> bool {
        let gap = caught_up && self.gap.is_none() && self.queue.is_some() && start > self.cursor;
        if !gap {
            self.suspicion.clear();
        }
        let sure = gap && self.suspicion.is_confirmed(now_ms);
        if sure {
            self.begins(Role::Live, start, number, topic, out);
        }
        sure
    }

    /// Stops all readers.
    pub fn stop(&mut self, number: u32, out: &mut Vec<Output>) {
        self.stop_reader(Role::Live, number, out);
        self.stop_reader(Role::Audit, number, out);
    }

    /// The trouble, that of the queue's reader first.
    pub fn trouble(&self) -> Option<&Trouble> {
        let loss = self.loss.as_ref().map(|loss| &loss.trouble);
        let lasting = self.gap.iter().chain(loss);
        lasting.chain(self.trouble.iter().flatten()).next()
    }

    /// A block and the topic as it was read disagree: the topic is read again before a miner is accused.
    fn doubt(&mut self, number: u32, out: &mut Vec<Output>) {
        let question = self.last.map_or(Question::Ends, Question::Holds);
        out.push(Output::Survey {
            partition: number,
            question,
        });
        self.forget(number, out);
    }

    /// Releases what neither readers nor the audit need: what is below the cursor, unless the audit uses the queue, too.
    fn release(&mut self) {
        if let Some(queue) = &mut self.queue {
            let along = queue.base() <= self.audit.audited();
            queue.release(if along {
                self.cursor.min(self.audit.audited())
            } else {
                self.cursor
            });
        }
    }

    pub(super) fn redraw(&mut self) {
        self.pending = Arc::new(match &self.queue {
            Some(queue) => queue.pending(self.cursor),
            None => Queue::starting(self.cursor).pending(self.cursor),
        });
    }

    pub(super) fn read(&mut self, role: Role, from: u64, number: u32, out: &mut Vec<Output>) {
        self.lost[role as usize] = None;
        self.generations[role as usize] += 1;
        let generation = self.generations[role as usize];
        out.push(Output::Read {
            partition: number,
            role,
            generation,
            from,
        });
    }

    pub(super) fn stop_reader(&mut self, role: Role, number: u32, out: &mut Vec<Output>) {
        self.lost[role as usize] = None;
        self.generations[role as usize] += 1;
        self.trouble[role as usize] = None;
        out.push(Output::Stop {
            partition: number,
            role,
        });
    }

    fn lost(
        &mut self,
        role: Role,
        error: journal::Error,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) {
        let at = match (role, &self.queue) {
            (Role::Live, Some(queue)) => queue.read(),
            (Role::Live, None) => self.cursor,
            (Role::Audit, _) => self.audit.queue().map_or(0, |queue| queue.read()),
        };
        let cut = self.last.filter(|_| role == Role::Live);
        match (error, cut) {
            (journal::Error::OutOfRange { end, offset, .. }, Some(last)) if offset > end => {
                self.cut(last, end, number, topic, out);
            }
            (journal::Error::Changed { end, .. }, Some(last)) => {
                self.cut(last, end, number, topic, out);
            }
            (journal::Error::Changed { .. }, None) if role == Role::Live => {
                self.forget(number, out);
            }
            (journal::Error::Changed { .. }, None) => {
                // The audit's own reading begins again.
                self.audit.drop_queue();
                self.stop_reader(role, number, out);
            }
            (error, _) => self.cannot_read(role, at, error, number, topic, out),
        }
    }

    /// Notes that a reader failed; what it has read stays valid.
    fn cannot_read(
        &mut self,
        role: Role,
        at: u64,
        error: journal::Error,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) {
        match error {
            journal::Error::OutOfRange { start, offset, .. } if offset < start => {
                self.begins(role, start, number, topic, out)
            }
            journal::Error::OutOfRange { end, .. } => {
                let loss = partition::Loss::End {
                    topic: topic.to_owned(),
                    partition: number,
                    cursor: self.cursor,
                    end,
                };
                self.trouble[role as usize] = Some(Trouble::DataLoss(loss.to_string()));
                self.lost[role as usize] = Some(Lost {
                    from: at,
                    since_ms: None,
                });
            }
            other => {
                self.trouble[role as usize] =
                    Some(Trouble::Unavailable(format!("{topic}/{number}: {other}")));
                self.lost[role as usize] = Some(Lost {
                    from: at,
                    since_ms: None,
                });
            }
        }
    }

    /// Notes that the topic has lost its beginning.
    fn begins(&mut self, role: Role, start: u64, number: u32, topic: &str, out: &mut Vec<Output>) {
        self.audit.begins(start);
        if role == Role::Live {
            if start > self.cursor {
                let loss = partition::Loss::Start {
                    topic: topic.to_owned(),
                    partition: number,
                    cursor: self.cursor,
                    start,
                };
                self.gap = Some(Trouble::DataLoss(loss.to_string()));
            }
            if let Some(queue) = &mut self.queue {
                queue.restart(start);
            }
            self.redraw();
        }
        self.read(role, start, number, out);
    }
}
