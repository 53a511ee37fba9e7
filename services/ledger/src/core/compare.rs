//! The audit of one block: what it carries against what the topic holds, byte for byte by hash.

use chain::block::Slot;
use chain::transaction::MAX_BYTES;
use chain::{Accepted, Account, Hash, Verdict};

use super::fact::Fact;
use crate::store::answer::{Fault, Finding};
use crate::store::write::Audited;

/// A block as the audit needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Height.
    pub height: u64,
    /// Block hash.
    pub hash: Hash,
    /// Whose signature it carries.
    pub miner: Option<Account>,
    /// Partition of its slice.
    pub partition: u32,
    /// First offset of the slice.
    pub from: u64,
    /// End of the slice, exclusive.
    pub to: u64,
    /// First leaf of the block in the log.
    pub first_leaf: u64,
    /// When the log took the block.
    pub block_ms: u64,
    /// The slice, in offset order.
    pub slots: Vec<Claim>,
}

/// What a block says of one offset, or of a run of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A record with this hash.
    Record {
        /// Its hash, or the one carried in its place.
        hash: Hash,
        /// The verdict.
        verdict: Verdict,
    },
    /// This many offsets without a record.
    Void {
        /// How many.
        offsets: u64,
    },
}

impl From<&Accepted> for Subject {
    fn from(accepted: &Accepted) -> Subject {
        let header = accepted.block.header();
        let slots = accepted.block.slots().map(|(_, slot)| match slot {
            Slot::Record(record, verdict) => Claim::Record {
                hash: record.hash(),
                verdict,
            },
            Slot::Hole(range) => Claim::Void {
                offsets: range.end - range.start,
            },
        });
        Subject {
            height: accepted.height,
            hash: accepted.hash,
            miner: header.miner,
            partition: header.partition,
            from: header.from_offset,
            to: header.to_offset,
            first_leaf: accepted.first_leaf,
            block_ms: accepted.append_ms,
            slots: slots.collect(),
        }
    }
}

/// Compares a block with the facts of its slice, in offset order. Offsets below `start` are gone from the topic. Findings are
/// numbered from `number` on.
pub fn compare<'a>(
    subject: &Subject,
    facts: impl Iterator<Item = &'a Fact>,
    start: u64,
    chain_id: &Hash,
    number: u64,
) -> Audited {
    let mut comparison = Comparison {
        subject,
        chain_id,
        number,
        out: Audited {
            first_leaf: subject.first_leaf,
            block_ms: subject.block_ms,
            append_ms: Vec::with_capacity(subject.slots.len()),
            traces: Vec::new(),
            findings: Vec::new(),
            omitted: Vec::new(),
        },
    };
    let mut facts = facts.peekable();
    let mut offset = subject.from;
    for claim in &subject.slots {
        match *claim {
            Claim::Record { hash, verdict } => {
                let fact = facts.next_if(|fact| fact.offset == offset);
                comparison.record(offset, hash, verdict, fact, offset < start);
                offset += 1;
            }
            Claim::Void { offsets } => {
                let end = offset + offsets;
                if offset < start {
                    comparison.find(Fault::Unavailable, offset, start.min(end), None, None);
                }
                while let Some(fact) = facts.next_if(|fact| fact.offset < end) {
                    comparison.find(
                        Fault::Missing,
                        fact.offset,
                        fact.offset + 1,
                        None,
                        Some(fact.hash),
                    );
                    comparison.omit(fact);
                }
                comparison.out.append_ms.push(None);
                offset = end;
            }
        }
    }
    comparison.out
}

struct Comparison<'a> {
    subject: &'a Subject,
    chain_id: &'a Hash,
    number: u64,
    out: Audited,
}

impl Comparison<'_> {
    fn record(
        &mut self,
        offset: u64,
        hash: Hash,
        verdict: Verdict,
        fact: Option<&Fact>,
        gone: bool,
    ) {
        let slot = self.out.append_ms.len() as u32;
        self.out.append_ms.push(fact.map(|fact| fact.append_ms));
        let Some(fact) = fact else {
            let fault = if gone {
                Fault::Unavailable
            } else {
                Fault::Invented
            };
            return self.find(fault, offset, offset + 1, Some(hash), None);
        };
        self.out
            .traces
            .extend(fact.trace_id.map(|trace| (slot, trace)));
        let fault = match () {
            _ if fact.hash != hash => Fault::Replaced,
            _ if verdict == Verdict::TooLarge && fact.value.len() <= MAX_BYTES => Fault::Misjudged,
            _ => return,
        };
        self.find(fault, offset, offset + 1, Some(hash), Some(fact.hash));
        self.omit(fact);
    }

    fn find(
        &mut self,
        fault: Fault,
        from: u64,
        to: u64,
        in_block: Option<Hash>,
        in_topic: Option<Hash>,
    ) {
        if let Some(run) = self.out.findings.last_mut()
            && (run.fault, run.to_offset) == (fault, from)
        {
            run.to_offset = to;
            return;
        }
        self.out.findings.push(Finding {
            number: self.number + self.out.findings.len() as u64,
            height: self.subject.height,
            block_hash: self.subject.hash,
            miner: self.subject.miner,
            fault,
            partition: self.subject.partition,
            from_offset: from,
            to_offset: to,
            in_block,
            in_topic,
        });
    }

    fn omit(&mut self, fact: &Fact) {
        let id = fact.claimed_id(self.chain_id);
        self.out
            .omitted
            .extend(id.map(|id| (id, self.subject.partition, fact.offset)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn fact(offset: u64, text: &str) -> Fact {
        let value = Bytes::copy_from_slice(text.as_bytes());
        Fact {
            offset,
            append_ms: 100 + offset,
            hash: Hash::of(&value),
            id: None,
            trace_id: None,
            value,
        }
    }

    fn record(text: &str, verdict: Verdict) -> Claim {
        Claim::Record {
            hash: Hash::of(text.as_bytes()),
            verdict,
        }
    }

    fn run(slots: Vec<Claim>, facts: &[Fact], start: u64) -> Vec<(Fault, u64, u64)> {
        let offsets: u64 = slots
            .iter()
            .map(|slot| {
                if let Claim::Void { offsets } = slot {
                    *offsets
                } else {
                    1
                }
            })
            .sum();
        let subject = Subject {
            height: 1,
            hash: Hash::ZERO,
            miner: None,
            partition: 0,
            from: 10,
            to: 10 + offsets,
            first_leaf: 5,
            block_ms: 1000,
            slots,
        };
        let audited = compare(&subject, facts.iter(), start, &Hash::ZERO, 0);
        assert_eq!(audited.append_ms.len(), subject.slots.len());
        audited
            .findings
            .iter()
            .map(|finding| (finding.fault, finding.from_offset, finding.to_offset))
            .collect()
    }

    #[test]
    fn an_honest_block_has_no_findings() {
        let slots = vec![
            record("a", Verdict::Included),
            Claim::Void { offsets: 2 },
            record("b", Verdict::Undecodable),
        ];
        assert_eq!(run(slots, &[fact(10, "a"), fact(13, "b")], 0), []);
    }

    #[test]
    fn every_lie_has_its_name() {
        let long = "x".repeat(MAX_BYTES + 1);
        let table: [(Vec<Claim>, Vec<Fact>, u64, Vec<(Fault, u64, u64)>); 6] = [
            (
                vec![Claim::Void { offsets: 3 }],
                vec![fact(10, "a"), fact(11, "b")],
                0,
                vec![(Fault::Missing, 10, 12)],
            ),
            (
                vec![record("a", Verdict::Included)],
                vec![fact(10, "b")],
                0,
                vec![(Fault::Replaced, 10, 11)],
            ),
            (
                vec![record("a", Verdict::Included)],
                vec![],
                0,
                vec![(Fault::Invented, 10, 11)],
            ),
            (
                vec![record("a", Verdict::TooLarge)],
                vec![fact(10, "a")],
                0,
                vec![(Fault::Misjudged, 10, 11)],
            ),
            (
                vec![record(&long, Verdict::TooLarge)],
                vec![fact(10, &long)],
                0,
                vec![],
            ),
            (
                vec![
                    record("a", Verdict::Included),
                    record("b", Verdict::Included),
                    record("c", Verdict::Included),
                ],
                vec![fact(12, "c")],
                12,
                vec![(Fault::Unavailable, 10, 12)],
            ),
        ];
        for (slots, facts, start, expected) in table {
            assert_eq!(run(slots.clone(), &facts, start), expected, "{slots:?}");
        }
    }
}
