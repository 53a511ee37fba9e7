//! Assembles the next block, by the same evaluation that validates it.

use bytes::Bytes;

use super::Chain;
use crate::account::Account;
use crate::block;
use crate::codec;
use crate::evaluate::{self, Evaluation, Seal};
use crate::header::{self, Header};
use crate::key::Secret;
use crate::record::Record;
use crate::slice::{Slot, numbered};
use crate::verdict::{Tally, Verdict};
use crate::wire::{self, block_field};
use crate::work::Work;

/// Bytes for header, signature and framing of the verdicts: they take at most 186, 66 and 6.
const FRAME_BYTES: usize = 260;
/// Bytes of the longest hole: two offsets of at most 10 bytes, with their tags and the framing.
const HOLE_BYTES: usize = 24;

/// The input of an assembly.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Partition of the slice.
    pub partition: u32,
    /// Content of the offsets from the cursor on. Slots that one block cannot take are ignored.
    pub slots: Vec<Slot<Record>>,
    /// The payee, which signs if it is a key.
    pub miner: Account,
    /// Timestamp in milliseconds: not before the parent's.
    pub timestamp_ms: u64,
}

/// A block that lacks only the work and the signature.
#[derive(Clone, Debug)]
pub struct Template {
    /// The header; its nonce is 0.
    pub header: Header,
    /// The verdicts, one per record.
    pub verdicts: Vec<Verdict>,
    /// The encoded fields after the signature.
    body: Bytes,
}

/// The reason why no block can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The chain has moved to a version that this software does not know.
    #[error("the chain has moved to version {0}, which this software does not know")]
    Stopped(u32),
    /// The chain does not have that partition.
    #[error("the chain has no partition {0}")]
    NoPartition(u32),
    /// There is no slot at the cursor.
    #[error("nothing to seal")]
    Empty,
    /// The miner is not listed, or is a name on a chain that is not open.
    #[error("{0} may not mine")]
    NotAMiner(Account),
    /// The timestamp is before the parent's.
    #[error("timestamp {timestamp_ms} is before the parent's {parent_ms}")]
    TooEarly {
        /// Timestamp of the draft.
        timestamp_ms: u64,
        /// Timestamp of the tip.
        parent_ms: u64,
    },
}

impl Chain {
    /// Makes the next block of a partition from its slots: from as many as the limits of the genesis allow.
    pub fn assemble(&self, draft: Draft) -> Result<Template, Error> {
        self.check_draft(&draft)?;
        let from_offset = self.cursor(draft.partition);
        let slots = self.take(&draft.slots);
        if slots.is_empty() {
            return Err(Error::Empty);
        }
        let to_offset = from_offset + slots.iter().map(Slot::offsets).sum::<u64>();
        let seal = Seal {
            height: self.tip.height() + 1,
            previous_hash: self.tip.hash,
            timestamp_ms: draft.timestamp_ms,
            partition: draft.partition,
            miner: draft.miner,
        };
        let done = evaluate::block(
            &self.accounts,
            &self.frontier,
            &self.rules.genesis,
            &seal,
            numbered(from_offset, slots.iter().copied()),
        );
        Ok(Template {
            header: self.header(&seal, from_offset, to_offset, &done),
            body: encode_body(from_offset, &slots, &done.verdicts).into(),
            verdicts: done.verdicts,
        })
    }

    fn check_draft(&self, draft: &Draft) -> Result<(), Error> {
        let parent_ms = self.tip.header.timestamp_ms;
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

    /// The slots that fit a block, with adjacent holes merged.
    fn take<'a>(&self, slots: &'a [Slot<Record>]) -> Vec<Slot<&'a Record>> {
        let genesis = &self.rules.genesis;
        let mut room = u64::from(genesis.max_block_records);
        let mut bytes = (genesis.max_block_bytes as usize).saturating_sub(FRAME_BYTES);
        let mut taken: Vec<Slot<&Record>> = Vec::with_capacity(slots.len().min(room as usize));
        for slot in slots {
            let (offsets, size) = match slot {
                Slot::Record(record) => (1, record_bytes(record)),
                Slot::Hole(offsets) => ((*offsets).min(room), HOLE_BYTES),
            };
            if room == 0 || size > bytes {
                break;
            }
            match (slot, taken.last_mut()) {
                (Slot::Record(record), _) => taken.push(Slot::Record(record)),
                (Slot::Hole(0), _) => {}
                (Slot::Hole(_), Some(Slot::Hole(before))) => *before += offsets,
                (Slot::Hole(_), _) => taken.push(Slot::Hole(offsets)),
            }
            room -= offsets;
            bytes -= size;
        }
        taken
    }
}

/// Bytes of a record in a block: its field and its verdict.
fn record_bytes(record: &Record) -> usize {
    codec::element_length(record.bytes().len()) + 1
}

fn encode_body(from_offset: u64, slots: &[Slot<&Record>], verdicts: &[Verdict]) -> Vec<u8> {
    let mut out = Vec::new();
    for slot in slots {
        if let Slot::Record(record) = slot {
            codec::put_element(&mut out, block_field::RECORDS, record.bytes());
        }
    }
    let verdicts: Vec<u8> = verdicts.iter().map(|verdict| verdict.byte()).collect();
    codec::put_bytes(&mut out, block_field::VERDICTS, &verdicts);
    for (offset, slot) in numbered(from_offset, slots.iter().copied()) {
        if let Slot::Hole(offsets) = slot {
            wire::put_hole(&mut out, offset, offset + offsets);
        }
    }
    out
}

impl Template {
    /// The search for the nonce.
    pub fn work(&self) -> Work {
        Work::new(&self.header)
    }

    /// The value of the block's record, with this nonce, and signed if the miner is a key.
    pub fn finish(&self, nonce: u64, secret: Option<&Secret>) -> Bytes {
        let header = Header {
            nonce,
            ..self.header
        };
        let encoded = header.wire().encode();
        let mut out = Vec::with_capacity(encoded.len() + self.body.len() + 128);
        codec::put_element(&mut out, block_field::HEADER, &encoded);
        if let Some(secret) = secret.filter(|_| self.miner().is_key()) {
            let signature = secret.sign(&block::signed_bytes(&header.hash()));
            codec::put_bytes(&mut out, block_field::SIGNATURE, &signature);
        }
        out.extend_from_slice(&self.body);
        out.into()
    }

    /// Counts of its records: INCLUDED, and others.
    pub fn tally(&self) -> Tally {
        Tally::of(&self.verdicts)
    }

    fn miner(&self) -> Account {
        self.header
            .miner
            .expect("a template has the miner of its draft")
    }
}
