//! Blocks: candidates for the chain, and how far each has been checked.

mod body;
mod frame;
mod rule;

use std::ops::Range;

use bytes::Bytes;

pub use frame::frame;
pub use rule::{Refusal, Rule, Unequal};

use crate::account::Account;
use crate::genesis::Rules;
use crate::hash::Hash;
use crate::header::{self, Header};
use crate::key;
use crate::parallel::Parallel;
use crate::record::{Record, Signatures};
use crate::slice::Slot;
use crate::verdict::Verdict;

/// The beginning of the signed bytes, so that no other signature of a key can pass for one of a block.
const SIGNED_PREFIX: &[u8] = b"blocklog:block:v1";

/// A candidate. `Block<Unchecked>` has a header that was read; `Block<Checked>` has passed every rule
/// that needs no chain. Only the checked form can be applied.
#[derive(Clone, Debug)]
pub struct Block<S: State = Unchecked> {
    value: Bytes,
    header: Header,
    header_bytes: [u8; header::BYTES],
    hash: Hash,
    signature: Range<usize>,
    signed: Signed,
    body: S,
}

/// The reason to believe the miner's signature of a block. It depends on the bytes alone, so it is found once and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signed {
    /// It has not been checked.
    Unverified,
    /// It was verified.
    Verified,
    /// It is taken on trust, like those of the records.
    Assumed,
}

/// The extent to which a block has been checked: [`Unchecked`] or [`Checked`].
pub trait State: sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unchecked {}
    impl Sealed for super::Checked {}
}

impl State for Unchecked {}
impl State for Checked {}

/// A block of which only the header has been read.
#[derive(Clone, Debug)]
pub struct Unchecked;

/// The data of a checked block.
#[derive(Clone, Debug)]
pub struct Checked {
    records: Vec<Record>,
    verdicts: Vec<Verdict>,
    holes: Vec<Hole>,
}

/// Consecutive offsets that hold no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// First offset.
    pub from_offset: u64,
    /// End, exclusive.
    pub to_offset: u64,
}

impl<S: State> Block<S> {
    /// The header. Its miner is `None` if malformed; the hash is of the bytes as they came.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The 156 bytes that are hashed.
    pub fn header_bytes(&self) -> &[u8; header::BYTES] {
        &self.header_bytes
    }

    /// The block hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The value of its record on `blockchain`.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// Bytes of the value.
    pub fn size(&self) -> usize {
        self.value.len()
    }

    /// The miner's signature; empty if there is none.
    pub fn signature(&self) -> &[u8] {
        &self.value[self.signature.clone()]
    }

    /// True if signatures of this block were taken on trust.
    pub fn is_assumed(&self) -> bool {
        self.signed == Signed::Assumed
    }

    /// True if the miner's signature holds or is taken on trust: a key signs the block hash, a name has none.
    pub(crate) fn is_signed(&self) -> bool {
        self.signed != Signed::Unverified
            || is_signed(self.header.miner.as_ref(), &self.hash, self.signature())
    }

    fn with<T: State>(self, body: T) -> Block<T> {
        Block {
            value: self.value,
            header: self.header,
            header_bytes: self.header_bytes,
            hash: self.hash,
            signature: self.signature,
            signed: self.signed,
            body,
        }
    }
}

/// True if a miner's signature of a block hash holds. format.md, "Block record": "A key account that mines signs
/// `"blocklog:block:v1" ‖ block hash`; for a named miner the signature is empty".
#[must_use]
pub fn is_signed(miner: Option<&Account>, hash: &Hash, signature: &[u8]) -> bool {
    match miner.map(Account::key) {
        Some(Some(key)) => signature
            .try_into()
            .is_ok_and(|signature| key::verify(key, signature, &signed_bytes(hash))),
        _ => signature.is_empty(),
    }
}

/// The bytes that a miner signs.
pub(crate) fn signed_bytes(hash: &Hash) -> [u8; SIGNED_PREFIX.len() + 32] {
    let mut bytes = [0; SIGNED_PREFIX.len() + 32];
    bytes[..SIGNED_PREFIX.len()].copy_from_slice(SIGNED_PREFIX);
    bytes[SIGNED_PREFIX.len()..].copy_from_slice(&hash.0);
    bytes
}

impl Block<Unchecked> {
    /// Returns the block with its signatures taken on trust.
    #[must_use]
    pub fn assume_signed(self) -> Block<Unchecked> {
        Block {
            signed: Signed::Assumed,
            ..self
        }
    }

    /// Returns the block with its signature verified (or taken on trust before).
    pub(crate) fn signature_checked(self) -> Block<Unchecked> {
        match self.signed {
            Signed::Unverified => Block {
                signed: Signed::Verified,
                ..self
            },
            Signed::Verified | Signed::Assumed => self,
        }
    }

    /// Checks everything that needs no chain: the body is canonical, holes and counts fit the slice,
    /// and all verdicts that depend on the records alone are right. Errors are UNDECODABLE, BAD_HOLES,
    /// BAD_RECORD_COUNT and BAD_VERDICT; rules that need the chain come before these, so call
    /// `Chain::admit` first if the name of the failure matters.
    pub fn check(
        self,
        rules: &Rules,
        signatures: Signatures<'_>,
        parallel: &dyn Parallel,
    ) -> Result<Block<Checked>, Rule> {
        let body = body::check(&self.value, &self.header, rules, signatures, parallel)?;
        let block = if matches!(signatures, Signatures::Assume) {
            self.assume_signed()
        } else {
            self
        };
        Ok(block.with(body))
    }
}

impl Block<Checked> {
    /// Block 0, which has rules of its own.
    pub(crate) fn zero(value: &Bytes) -> Block<Checked> {
        let block = frame(value.clone()).expect("a valid block 0 begins like any block");
        block.with(Checked::none())
    }

    /// The records, in offset order. None in block 0.
    pub fn records(&self) -> &[Record] {
        &self.body.records
    }

    /// The verdicts, one per record.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.body.verdicts
    }

    /// The offsets of the slice that hold no record.
    pub fn holes(&self) -> &[Hole] {
        &self.body.holes
    }

    /// The slice in offset order, each slot with its first offset: records with their verdicts, and holes.
    pub fn slots(&self) -> impl Iterator<Item = (u64, Slot<(&Record, Verdict)>)> {
        let Checked {
            records,
            verdicts,
            holes,
        } = &self.body;
        let mut holes = holes.iter().peekable();
        let mut records = records.iter().zip(verdicts.iter().copied());
        let mut next = self.header.from_offset;
        (0..records.len() + holes.len()).map(move |_| {
            let offset = next;
            let slot = match holes.next_if(|hole| hole.from_offset == offset) {
                Some(hole) => Slot::Hole(hole.to_offset - offset),
                None => Slot::Record(records.next().expect("records and holes fill the slice")),
            };
            next += slot.offsets();
            (offset, slot)
        })
    }
}
