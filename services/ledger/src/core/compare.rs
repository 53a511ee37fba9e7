//! The audit of one block: its records against those of the topic, byte for byte by hash.

use chain::Hash;
use follow::audit::{self, Fault, Held, Run, Seen};

use crate::model::answer::Finding;
use crate::model::{Audited, Subject, TopicRecord};

impl Held for TopicRecord {
    fn offset(&self) -> u64 {
        self.offset
    }

    fn hash(&self) -> Hash {
        self.hash
    }

    fn bytes(&self) -> usize {
        self.value.len()
    }
}

/// Compares a block with the topic's records of its slice, in offset order. The topic has lost the offsets below `start`.
/// Findings are numbered from `number` on.
pub fn compare<'a>(
    subject: &Subject,
    records: impl Iterator<Item = &'a TopicRecord>,
    start: u64,
    chain_id: &Hash,
    number: u64,
) -> Audited {
    let mut out = Audited {
        first_leaf: subject.first_leaf,
        block_ms: subject.block_ms,
        append_ms: Vec::with_capacity(subject.slots.len()),
        traces: Vec::new(),
        findings: Vec::new(),
        omitted: Vec::new(),
    };
    let claims = subject.slots.iter().copied();
    audit::compare(subject.from, claims, records, start, |seen| match seen {
        Seen::Record(record) => {
            let slot = out.append_ms.len() as u32;
            let trace = record.and_then(|record| record.trace_id);
            out.append_ms.push(record.map(|record| record.append_ms));
            out.traces.extend(trace.map(|trace| (slot, trace)));
        }
        Seen::Void => out.append_ms.push(None),
        Seen::Omitted(record) => {
            let id = record.claimed_id(chain_id);
            let omitted = id.map(|id| (id, subject.partition, record.offset));
            out.omitted.extend(omitted);
        }
        Seen::Fault(run) => find(subject, number, &run, &mut out.findings),
    });
    out
}

/// A record that this ledger saw in the topic before the topic lost it is no fault of the miner whose block holds it.
/// `seen` is in order; `held` gives the hash of the topic's record now.
pub fn absolve(
    subject: &Subject,
    findings: Vec<Finding>,
    number: u64,
    seen: &[(u64, Hash)],
    held: &dyn Fn(u64) -> Option<Hash>,
) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    for finding in findings {
        let offsets = finding.from_offset..finding.to_offset;
        let records = subject
            .records()
            .filter(|(offset, _)| offsets.contains(offset));
        // A record that is still there is not lost: what the block says of it is the finding.
        let is_lost = |offset: u64, hash: Hash| {
            seen.binary_search(&(offset, hash)).is_ok() && held(offset) != Some(hash)
        };
        let records: Vec<_> = records
            .map(|(offset, hash)| (offset, hash, is_lost(offset, hash)))
            .collect();
        if !records.iter().any(|(_, _, lost)| *lost) {
            out.push(finding);
            continue;
        }
        for run in records.chunk_by(|a, b| a.2 == b.2) {
            let (from_offset, hash, lost) = run[0];
            out.push(Finding {
                fault: if lost {
                    Fault::Unavailable
                } else {
                    finding.fault
                },
                from_offset,
                to_offset: from_offset + run.len() as u64,
                in_block: Some(hash),
                in_topic: held(from_offset),
                ..finding.clone()
            });
        }
    }
    for (at, finding) in (number..).zip(&mut out) {
        finding.number = at;
    }
    out
}

fn find(subject: &Subject, number: u64, run: &Run, findings: &mut Vec<Finding>) {
    findings.push(Finding {
        number: number + findings.len() as u64,
        height: subject.height,
        block_hash: subject.hash,
        miner: subject.miner,
        fault: run.fault,
        partition: subject.partition,
        from_offset: run.from_offset,
        to_offset: run.to_offset,
        in_block: run.in_block,
        in_topic: run.in_topic,
    });
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chain::Verdict;
    use chain::limits::MAX_TRANSACTION_BYTES;

    use super::*;
    use chain::slice::Slot;
    use follow::audit::Claim;

    fn held(offset: u64, text: &str) -> TopicRecord {
        let value = Bytes::copy_from_slice(text.as_bytes());
        TopicRecord {
            offset,
            append_ms: 100 + offset,
            hash: Hash::of(&value),
            id: None,
            trace_id: None,
            value,
        }
    }

    fn record(text: &str, verdict: Verdict) -> Slot<Claim> {
        Slot::Record(Claim {
            hash: Hash::of(text.as_bytes()),
            verdict,
        })
    }

    /// A block of these slots, from offset 10 on.
    fn subject(slots: Vec<Slot<Claim>>) -> Subject {
        let offsets: u64 = slots.iter().map(Slot::offsets).sum();
        Subject {
            height: 1,
            hash: Hash::ZERO,
            miner: None,
            partition: 0,
            from: 10,
            to: 10 + offsets,
            first_leaf: 5,
            block_ms: 1000,
            slots,
        }
    }

    fn run(slots: Vec<Slot<Claim>>, records: &[TopicRecord], start: u64) -> Vec<(Fault, u64, u64)> {
        let subject = subject(slots);
        let audited = compare(&subject, records.iter(), start, &Hash::ZERO, 0);
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
            Slot::Hole(2),
            record("b", Verdict::Undecodable),
        ];
        assert_eq!(run(slots, &[held(10, "a"), held(13, "b")], 0), []);
    }

    #[test]
    fn every_lie_has_its_name() {
        let long = "x".repeat(MAX_TRANSACTION_BYTES + 1);
        type Row = (
            Vec<Slot<Claim>>,
            Vec<TopicRecord>,
            u64,
            Vec<(Fault, u64, u64)>,
        );
        let table: [Row; 6] = [
            (
                vec![Slot::Hole(3)],
                vec![held(10, "a"), held(11, "b")],
                0,
                vec![(Fault::Missing, 10, 12)],
            ),
            (
                vec![record("a", Verdict::Included)],
                vec![held(10, "b")],
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
                vec![held(10, "a")],
                0,
                vec![(Fault::Misjudged, 10, 11)],
            ),
            (
                vec![record(&long, Verdict::TooLarge)],
                vec![held(10, &long)],
                0,
                vec![],
            ),
            (
                vec![
                    record("a", Verdict::Included),
                    record("b", Verdict::Included),
                    record("c", Verdict::Included),
                ],
                vec![held(12, "c")],
                12,
                vec![(Fault::Unavailable, 10, 12)],
            ),
        ];
        for (slots, records, start, expected) in table {
            assert_eq!(run(slots.clone(), &records, start), expected, "{slots:?}");
        }
    }

    #[test]
    fn who_misjudges_what_the_topic_holds_is_not_absolved_and_who_holds_what_it_lost_is() {
        let subject = subject(vec![record("a", Verdict::TooLarge)]);
        let seen = [(10, Hash::of(b"a"))];
        for (now, fault) in [("a", Fault::Misjudged), ("b", Fault::Unavailable)] {
            let records = [held(10, now)];
            let audited = compare(&subject, records.iter(), 0, &Hash::ZERO, 0);
            let now_there = |_| Some(Hash::of(now.as_bytes()));
            let findings = absolve(&subject, audited.findings, 0, &seen, &now_there);
            let faults: Vec<_> = findings.iter().map(|finding| finding.fault).collect();
            assert_eq!(faults, [fault], "{now}");
        }
    }
}
