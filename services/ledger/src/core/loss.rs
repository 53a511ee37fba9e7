//! A partition of the topic that loses its end: what was read of it counts no more, and the loss is not forgotten.
//!
//! Records that blocks hold were compared with the topic when it still held them. Those that it has lost are named
//! (`recheck`), and nobody is accused of them.

use follow::partition::{self, Mark};

use super::partition::Partition;
use super::{Core, Lane, Output};
use crate::model::answer::Finding;
use crate::model::{Fact, Trouble};

/// Every so many surveys the record that was read last is compared: a topic can lose its end and grow again, and its
/// reader need not notice.
const COMPARE_EVERY: u64 = 6;

/// What a partition is asked, beside its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Nothing.
    Ends,
    /// Whether it still holds this record.
    Holds(Mark),
    /// Whether it still holds the last record below this offset that blocks hold and that was compared.
    HoldsCompared(u64),
}

/// A loss, as long as the topic does not hold again what it lost.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// The last record that was there.
    mark: Mark,
    trouble: Trouble,
}

impl Loss {
    pub(super) fn trouble(&self) -> &Trouble {
        &self.trouble
    }
}

impl Partition {
    /// What to ask with the survey of this number.
    pub(super) fn question(&self, survey: u64) -> Question {
        match (&self.loss, self.last) {
            // Somebody may have restored it.
            (Some(loss), _) => Question::Holds(loss.mark),
            (None, Some(last)) if survey.is_multiple_of(COMPARE_EVERY) => Question::Holds(last),
            _ => Question::Ends,
        }
    }

    /// Whether the topic holds a record that was read of it. True if that is news.
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

    /// The topic no longer holds this record, which was there.
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

    /// Reads the topic anew. What was read before is kept for the audit, which accuses nobody of what was there.
    pub(super) fn forget(&mut self, number: u32, out: &mut Vec<Output>) {
        self.last = None;
        let mut from = self.cursor;
        if let Some(queue) = &mut self.queue {
            if queue.base() <= self.audit.audited() {
                from = from.min(self.audit.audited());
            }
            let seen: Vec<&Fact> = queue.range(0, u64::MAX).collect();
            self.audit.remember(&seen);
            queue.begin_again(from);
        }
        self.audit.drop_lane();
        self.stop_lane(Lane::Audit, number, out);
        self.redraw();
        self.read(Lane::Live, from, number, out);
    }
}

impl Core {
    /// Has the records compared again that were compared when the topic still held them, once the index has all that is
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

    /// The answer to [`Output::Recheck`]; `None`: the topic or the index could not be read.
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
