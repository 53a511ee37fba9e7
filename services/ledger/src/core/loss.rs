//! A partition of the topic that loses its end: what was read of it no longer counts, and the loss is not forgotten.
//!
//! Blocks may hold records that were compared while the topic still had them. Those that it has lost become findings
//! (`recheck`), and no miner is accused of them.

use follow::partition::{self, Mark};

use super::partition::{Loss, Partition};
use super::{Core, Output, Question, Role};
use crate::model::answer::Finding;
use crate::model::{TopicRecord, Trouble};

/// Every so many surveys the last record read is compared: a topic can lose its end and grow again without its reader
/// noticing.
const COMPARE_EVERY: u64 = 6;

impl Partition {
    /// Returns the question of the survey with this number.
    pub(super) fn question(&self, survey: u64) -> Question {
        match (&self.loss, self.last) {
            // An operator may have restored the topic.
            (Some(loss), _) => Question::Holds(loss.mark),
            (None, Some(last)) if survey.is_multiple_of(COMPARE_EVERY) => Question::Holds(last),
            _ => Question::Ends,
        }
    }

    /// Takes the answer whether the topic holds a record that was read of it. Returns true if that is news.
    pub(super) fn compared(
        &mut self,
        mark: Mark,
        holds: bool,
        end: u64,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) -> bool {
        let known = self.loss.as_ref().is_some_and(|loss| loss.mark == mark);
        match (holds, known) {
            (true, true) => self.loss = None,
            (false, false) => self.cut(mark, end, number, topic, out),
            _ => return false,
        }
        true
    }

    /// Notes that the topic no longer holds this record.
    pub(super) fn cut(
        &mut self,
        mark: Mark,
        end: u64,
        number: u32,
        topic: &str,
        out: &mut Vec<Output>,
    ) {
        let loss = partition::Loss::Cut {
            topic: topic.to_owned(),
            partition: number,
            last: mark.offset,
            cursor: self.cursor,
            end,
        };
        self.loss = Some(Loss {
            mark,
            trouble: Trouble::DataLoss(loss.to_string()),
        });
        self.recheck_due = self.recheck_due.max(Some(self.audit.audited()));
        self.forget(number, out);
    }

    /// Reads the topic again. What was read before is kept for the audit, which accuses no miner of what was there.
    pub(super) fn forget(&mut self, number: u32, out: &mut Vec<Output>) {
        self.last = None;
        let mut from = self.cursor;
        if let Some(queue) = &mut self.queue {
            if queue.base() <= self.audit.audited() {
                from = from.min(self.audit.audited());
            }
            let seen: Vec<&TopicRecord> = queue.range(0, u64::MAX).collect();
            self.audit.remember(&seen);
            queue.begin_again(from);
        }
        self.audit.drop_queue();
        self.stop_reader(Role::Audit, number, out);
        self.redraw();
        self.read(Role::Live, from, number, out);
    }
}

impl Core {
    /// Starts the recheck of records that were compared while the topic still held them, once the index has all that is
    /// known of them.
    pub(super) fn recheck(&mut self, out: &mut Vec<Output>) {
        let Some(written) = &self.written else {
            return;
        };
        if written.findings < self.lost_findings {
            return;
        }
        for (number, partition) in (0..).zip(&mut self.partitions) {
            let audited = written.audited.get(number as usize);
            let due = partition.recheck_due;
            if let Some(below) = due.filter(|below| audited.is_some_and(|at| at >= below))
                && partition.rechecking.is_none()
            {
                partition.recheck_due = None;
                partition.rechecking = Some(below);
                out.push(Output::Recheck {
                    partition: number,
                    below,
                });
            }
        }
    }

    /// Takes the answer to [`Output::Recheck`]; `None`: the topic or the index could not be read.
    pub(super) fn rechecked(
        &mut self,
        number: u32,
        findings: Option<Vec<Finding>>,
        out: &mut Vec<Output>,
    ) {
        let Some(partition) = self.partitions.get_mut(number as usize) else {
            return;
        };
        let below = partition.rechecking.take();
        let Some(mut findings) = findings else {
            partition.recheck_due = partition.recheck_due.max(below);
            return;
        };
        let Some(head) = self.head.as_mut().filter(|_| !findings.is_empty()) else {
            return;
        };
        for finding in &mut findings {
            finding.number = head.findings;
            head.findings += 1;
        }
        self.lost_findings = head.findings;
        self.collecting.lost.extend(findings.iter().cloned());
        out.push(Output::Found(findings));
    }
}
