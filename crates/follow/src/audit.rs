//! The audit of one block: its records against those of the `transactions` topic, byte for byte by hash.
//!
//! Validity needs the `blockchain` topic alone, so a block can carry records that the other topic never held. Readers
//! of both notice: the ledger all the time, `blocklog audit` offline.

use chain::limits::MAX_TRANSACTION_BYTES;
use chain::slice::{Slot, numbered};
use chain::{Accepted, Hash, Record, Verdict};
use serde::{Deserialize, Serialize};

/// The kind of disagreement between a block and the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The block declares a hole, the topic holds a record.
    Missing,
    /// The block holds other bytes than the topic.
    Replaced,
    /// The block holds a record, the topic none.
    Invented,
    /// The block says TOO_LARGE of a record that is not too large.
    Misjudged,
    /// The topic no longer holds the record: nothing can be said, or it was seen there before it was lost. No fault of
    /// the miner.
    Unavailable,
}

/// A block's claim about one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Hash of the record, or the one carried in its place.
    pub hash: Hash,
    /// The block's verdict on the record.
    pub verdict: Verdict,
}

/// A record of the topic.
pub trait Held {
    /// Offset in the partition.
    fn offset(&self) -> u64;
    /// Hash of its value.
    fn hash(&self) -> Hash;
    /// Length of its value in bytes.
    fn bytes(&self) -> usize;
}

/// The items of a comparison, in offset order.
#[derive(Debug)]
pub enum Seen<'a, F> {
    /// A record of the block, with the topic's record at its offset.
    Record(Option<&'a F>),
    /// Offsets that the block declares to hold no record.
    Void,
    /// A record of the topic that the block leaves out, though it consumes its offset.
    Omitted(&'a F),
    /// Block and topic disagree.
    Fault(Run),
}

/// Consecutive offsets with the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The kind of disagreement.
    pub fault: Fault,
    /// First offset.
    pub from_offset: u64,
    /// End, exclusive.
    pub to_offset: u64,
    /// Hash of the first record in the block; none where it holds none.
    pub in_block: Option<Hash>,
    /// Hash of the first record in the topic; none where it holds none.
    pub in_topic: Option<Hash>,
}

impl Run {
    fn goes_on_in(&self, next: &Run) -> bool {
        (self.fault, self.to_offset) == (next.fault, next.from_offset)
    }
}

/// The claims of a block about its slice, in offset order.
pub fn claims(accepted: &Accepted) -> impl Iterator<Item = Slot<Claim>> {
    let claim = |(record, verdict): (&Record, Verdict)| Claim {
        hash: record.hash(),
        verdict,
    };
    (accepted.block.slots()).map(move |(_, slot)| slot.map(claim))
}

/// Compares the claims of a slice that begins at `from` with the topic's records in it, both in offset order. The topic
/// has lost the offsets below `start`. Faults come as runs, each after the items that it is about.
pub fn compare<'a, F: Held + 'a>(
    from: u64,
    claims: impl Iterator<Item = Slot<Claim>>,
    held: impl Iterator<Item = &'a F>,
    start: u64,
    mut see: impl FnMut(Seen<'a, F>),
) {
    let mut last: Option<Run> = None;
    walk(from, claims, held, start, |seen| match (seen, &mut last) {
        (Seen::Fault(run), Some(before)) if before.goes_on_in(&run) => {
            before.to_offset = run.to_offset;
        }
        (Seen::Fault(run), before) => {
            let ended = before.replace(run);
            ended.into_iter().for_each(|run| see(Seen::Fault(run)));
        }
        (other, _) => see(other),
    });
    last.into_iter().for_each(|run| see(Seen::Fault(run)));
}

/// The same, with a run for each offset.
fn walk<'a, F: Held + 'a>(
    from: u64,
    claims: impl Iterator<Item = Slot<Claim>>,
    held: impl Iterator<Item = &'a F>,
    start: u64,
    mut see: impl FnMut(Seen<'a, F>),
) {
    let mut held = held.peekable();
    for (offset, slot) in numbered(from, claims) {
        match slot {
            Slot::Record(Claim { hash, verdict }) => {
                let fact = held.next_if(|fact| fact.offset() == offset);
                see(Seen::Record(fact));
                if let Some(fault) = judge(hash, verdict, fact, offset < start) {
                    let in_topic = fact.map(Held::hash);
                    see(Seen::Fault(Run {
                        fault,
                        from_offset: offset,
                        to_offset: offset + 1,
                        in_block: Some(hash),
                        in_topic,
                    }));
                    fact.into_iter().for_each(|fact| see(Seen::Omitted(fact)));
                }
            }
            Slot::Hole(offsets) => {
                let end = offset + offsets;
                see(Seen::Void);
                if offset < start {
                    let to_offset = start.min(end);
                    see(Seen::Fault(Run {
                        fault: Fault::Unavailable,
                        from_offset: offset,
                        to_offset,
                        in_block: None,
                        in_topic: None,
                    }));
                }
                while let Some(fact) = held.next_if(|fact| fact.offset() < end) {
                    let at = fact.offset();
                    let in_topic = Some(fact.hash());
                    see(Seen::Fault(Run {
                        fault: Fault::Missing,
                        from_offset: at,
                        to_offset: at + 1,
                        in_block: None,
                        in_topic,
                    }));
                    see(Seen::Omitted(fact));
                }
            }
        }
    }
}

fn judge<F: Held>(hash: Hash, verdict: Verdict, fact: Option<&F>, gone: bool) -> Option<Fault> {
    match fact {
        None if gone => Some(Fault::Unavailable),
        None => Some(Fault::Invented),
        Some(fact) if fact.hash() != hash => Some(Fault::Replaced),
        Some(fact) if verdict == Verdict::TooLarge && fact.bytes() <= MAX_TRANSACTION_BYTES => {
            Some(Fault::Misjudged)
        }
        Some(_) => None,
    }
}
