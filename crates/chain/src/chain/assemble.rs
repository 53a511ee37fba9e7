//! Assembling the next block of a chain.

use super::Chain;
use crate::assemble::{Draft, Error, Slot, Template};
use crate::block::Hole;
use crate::codec;
use crate::evaluate::{self, Evaluation, Seal, Step};
use crate::header::{self, Header};
use crate::record::Record;
use crate::verdict::Verdict;
use crate::wire::{self, block_field};

/// More than the header, the signature and the framing of the verdicts take: 186, 66 and 6 bytes.
const FRAME_BYTES: usize = 260;
/// The longest hole: two offsets of at most 10 bytes, with their tags and the framing.
const HOLE_BYTES: usize = 24;

impl Chain {
    /// Makes the next block of a partition from what its slots hold: as many of them as the limits of
    /// the genesis allow.
    pub fn assemble(&self, draft: Draft) -> Result<Template, Error> {
        self.check_draft(&draft)?;
        let from_offset = self.cursor(draft.partition);
        let steps = self.take(from_offset, &draft.slots);
        let to_offset = match steps.last() {
            None => return Err(Error::Empty),
            Some(Step::Record { offset, .. }) => offset + 1,
            Some(Step::Void(hole)) => hole.to_offset,
        };
        let seal = Seal {
            height: self.tip.height + 1,
            previous_hash: self.tip.hash,
            timestamp_ms: draft.timestamp_ms,
            partition: draft.partition,
            miner: draft.miner,
        };
        let genesis = &self.rules.genesis;
        let done = evaluate::block(
            &self.accounts,
            &self.frontier,
            genesis,
            &seal,
            steps.iter().copied(),
        );
        let header = self.header(&seal, from_offset, to_offset, &done);
        let included = done
            .verdicts
            .iter()
            .filter(|v| **v == Verdict::Included)
            .count();
        Ok(Template {
            header,
            included: included as u32,
            rejected: (done.verdicts.len() - included) as u32,
            to_offset,
            body: encode_body(&steps, &done.verdicts).into(),
            verdicts: done.verdicts,
        })
    }

    fn check_draft(&self, draft: &Draft) -> Result<(), Error> {
        let parent_ms = self.tip.timestamp_ms;
        if self.is_stopped() {
            Err(Error::Stopped(self.version))
        } else if draft.partition as usize >= self.cursors.len() {
            Err(Error::NoPartition(draft.partition))
        } else if !self.may_mine(&draft.miner) {
            Err(Error::NotAMiner(draft.miner))
        } else if draft.timestamp_ms < parent_ms {
            Err(Error::TooEarly {
                timestamp_ms: draft.timestamp_ms,
                parent_ms,
            })
        } else {
            Ok(())
        }
    }

    fn header(&self, seal: &Seal, from: u64, to: u64, done: &Evaluation) -> Header {
        Header {
            version: header::VERSION,
            height: seal.height,
            previous_hash: seal.previous_hash,
            log_root: done.frontier.root(),
            log_size: done.frontier.size(),
            timestamp_ms: seal.timestamp_ms,
            partition: seal.partition,
            from_offset: from,
            to_offset: to,
            miner: Some(seal.miner),
            bits: self.next_bits(),
            nonce: 0,
        }
    }

    /// The slots that fit a block, with holes that touch made one.
    fn take<'a>(&self, from_offset: u64, slots: &'a [Slot]) -> Vec<Step<'a>> {
        let genesis = &self.rules.genesis;
        let mut offset = from_offset;
        let mut room = u64::from(genesis.max_block_records);
        let mut bytes = (genesis.max_block_bytes as usize).saturating_sub(FRAME_BYTES);
        let mut steps = Vec::with_capacity(slots.len().min(room as usize));
        for slot in slots {
            let (length, size) = match slot {
                Slot::Record(record) => (1, record_bytes(record)),
                Slot::Hole(length) => ((*length).min(room), HOLE_BYTES),
            };
            if room == 0 || size > bytes {
                break;
            }
            match slot {
                Slot::Record(record) => steps.push(Step::Record { offset, record }),
                Slot::Hole(_) => push_hole(&mut steps, offset, length),
            }
            offset += length;
            room -= length;
            bytes -= size;
        }
        steps
    }
}

/// Bytes that a record takes of a block: its field, and its verdict.
fn record_bytes(record: &Record) -> usize {
    codec::element_length(record.bytes().len()) + 1
}

fn push_hole(steps: &mut Vec<Step<'_>>, from_offset: u64, length: u64) {
    match steps.last_mut() {
        _ if length == 0 => {}
        Some(Step::Void(hole)) => hole.to_offset += length,
        _ => steps.push(Step::Void(Hole {
            from_offset,
            to_offset: from_offset + length,
        })),
    }
}

fn encode_body(steps: &[Step<'_>], verdicts: &[Verdict]) -> Vec<u8> {
    let mut out = Vec::new();
    for step in steps {
        if let Step::Record { record, .. } = step {
            codec::put_element(&mut out, block_field::RECORDS, record.bytes());
        }
    }
    let verdicts: Vec<u8> = verdicts.iter().map(|verdict| verdict.byte()).collect();
    codec::put_bytes(&mut out, block_field::VERDICTS, &verdicts);
    for step in steps {
        if let Step::Void(hole) = step {
            wire::put_hole(&mut out, hole.from_offset, hole.to_offset);
        }
    }
    out
}
