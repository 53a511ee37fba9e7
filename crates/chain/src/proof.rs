//! Proofs against 32 trusted bytes: the hash of a block.

use bytes::Bytes;

use crate::hash::Hash;
use crate::header::{self, Header};
use crate::leaf::Leaf;
use crate::transaction::Transaction;

/// Everything that is needed to check one leaf against one block hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The header whose hash the checker trusts, as it is hashed.
    pub header: [u8; header::BYTES],
    /// Index of the leaf.
    pub leaf_index: u64,
    /// The leaf.
    pub leaf: Vec<u8>,
    /// From the leaf to the root.
    pub path: Vec<Hash>,
    /// The record behind the leaf, for leaves of records.
    pub record: Option<Bytes>,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The trusted header.
    pub header: Header,
    /// Index of the leaf.
    pub leaf_index: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// The transaction in the record, if the proof came with one that decodes.
    pub transaction: Option<Transaction>,
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The header is not the one that is trusted.
    #[error("the header's hash {found} is not the trusted {trusted}")]
    OtherHeader {
        /// The hash of the header in the proof.
        found: Hash,
        /// The hash that is trusted.
        trusted: Hash,
    },
    /// The path does not lead from the leaf to the root in the header.
    #[error("the path does not lead from the leaf to the log root of the header")]
    BadPath,
    /// The leaf does not decode.
    #[error("the leaf does not decode")]
    BadLeaf,
    /// The record is not the one that the leaf is about.
    #[error("the record is not the one that the leaf is about")]
    OtherRecord,
}

impl Inclusion {
    /// Checks the proof against the hash of a block that is trusted.
    pub fn verify(&self, trusted: &Hash) -> Result<Proven, Error> {
        todo!("{trusted}")
    }
}
