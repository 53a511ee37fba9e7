//! Assembling the next block, by the same evaluation that validates it.

use bytes::Bytes;

use crate::account::Account;
use crate::block;
use crate::codec;
use crate::header::Header;
use crate::key::Secret;
use crate::record::Record;
use crate::verdict::Verdict;
use crate::wire::block_field;
use crate::work::Work;

/// What the next block of a partition is made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The partition.
    pub partition: u32,
    /// What lies at the offsets from the cursor on, without gaps. More than one block may take is fine.
    pub slots: Vec<Slot>,
    /// Who is paid, and signs if it is a key.
    pub miner: Account,
    /// The timestamp: not before the parent's.
    pub timestamp_ms: u64,
}

/// What lies at the next offset, or at several without records.
#[derive(Clone, Debug)]
pub enum Slot {
    /// A record at one offset.
    Record(Record),
    /// That many offsets without records.
    Hole(u64),
}

/// A block that lacks only the work and the signature.
#[derive(Clone, Debug)]
pub struct Template {
    /// The header; its nonce is 0.
    pub header: Header,
    /// The verdicts, one per record.
    pub verdicts: Vec<Verdict>,
    /// How many records are INCLUDED.
    pub included: u32,
    /// How many records are refused.
    pub rejected: u32,
    /// End of the slice, exclusive.
    pub to_offset: u64,
    /// Everything behind the signature, encoded.
    pub(crate) body: Bytes,
}

/// Why no block can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The chain has moved to a version that this software does not know.
    #[error("the chain has moved to version {0}, which this software does not know")]
    Stopped(u32),
    /// The chain does not have that partition.
    #[error("the chain has no partition {0}")]
    NoPartition(u32),
    /// There is nothing at the cursor.
    #[error("nothing to seal")]
    Empty,
    /// The miner is not listed, or is a name on a chain that is not open.
    #[error("{0} may not mine")]
    NotAMiner(Account),
    /// The timestamp is before the parent's.
    #[error("timestamp {timestamp_ms} is before the parent's {parent_ms}")]
    TooEarly {
        /// Of the draft.
        timestamp_ms: u64,
        /// Of the tip.
        parent_ms: u64,
    },
}

impl Template {
    /// The search for the nonce.
    pub fn work(&self) -> Work {
        Work::new(&self.header)
    }

    /// The value of the record, with the nonce found and signed if the miner is a key.
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

    fn miner(&self) -> Account {
        self.header
            .miner
            .expect("a template has the miner of its draft")
    }
}
