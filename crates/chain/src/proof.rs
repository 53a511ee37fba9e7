//! Proofs against 32 trusted bytes: the hash of a block.

use bytes::Bytes;

use crate::hash::Hash;
use crate::header::{self, Header};
use crate::leaf::Leaf;
use crate::log;
use crate::transaction::Transaction;
use crate::verdict::Verdict;

/// All data needed to check one leaf against one block hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The 156 hashed bytes of the trusted block's header.
    pub header: [u8; header::BYTES],
    /// Index of the leaf.
    pub leaf_index: u64,
    /// The encoded leaf.
    pub leaf: Vec<u8>,
    /// Path of hashes from the leaf to the root.
    pub path: Vec<Hash>,
    /// The record of the leaf, for leaves of records.
    pub record: Option<Bytes>,
}

/// The facts that a proof establishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The trusted header.
    pub header: Header,
    /// Index of the leaf.
    pub leaf_index: u64,
    /// The decoded leaf.
    pub leaf: Leaf,
    /// The transaction in the record, if the proof came with one that decodes and was not too large.
    pub transaction: Option<Transaction>,
}

/// The reason why a proof fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The header is not the one that is trusted.
    #[error("the header's hash {found} is not the trusted {trusted}")]
    OtherHeader {
        /// The hash of the header in the proof.
        found: Hash,
        /// The trusted hash.
        trusted: Hash,
    },
    /// The path does not lead from the leaf to the root in the header.
    #[error("the path does not lead from the leaf to the log root of the header")]
    BadPath,
    /// The leaf does not decode.
    #[error("the leaf does not decode")]
    BadLeaf,
    /// The record is not the one of the leaf.
    #[error("the record is not the one that the leaf is about")]
    OtherRecord,
}

impl Inclusion {
    /// Checks the proof against the hash of a trusted block.
    pub fn verify(&self, trusted: &Hash) -> Result<Proven, Error> {
        let header = self.check_header(trusted)?;
        self.check_path(&header)?;
        let leaf = Leaf::decode(&self.leaf).ok_or(Error::BadLeaf)?;
        self.check_record(&leaf)?;
        // For a record that was too large, its hash may be in the place of the record, and may look like a transaction.
        let is_too_large = matches!(
            &leaf,
            Leaf::Record {
                verdict: Verdict::TooLarge,
                ..
            }
        );
        let record = self.record.as_deref().filter(|_| !is_too_large);
        Ok(Proven {
            header,
            leaf_index: self.leaf_index,
            leaf,
            transaction: record.and_then(|record| Transaction::decode(record).ok()),
        })
    }

    fn check_header(&self, trusted: &Hash) -> Result<Header, Error> {
        let found = Hash::of(&self.header);
        if found != *trusted {
            return Err(Error::OtherHeader {
                found,
                trusted: *trusted,
            });
        }
        Ok(Header::from_bytes(&self.header))
    }

    fn check_path(&self, header: &Header) -> Result<(), Error> {
        let hash = log::leaf_hash(&self.leaf);
        let (size, root) = (header.log_size, &header.log_root);
        if !log::verify_inclusion(self.leaf_index, size, &hash, &self.path, root) {
            return Err(Error::BadPath);
        }
        Ok(())
    }

    /// A record that was too large is identified by its hash alone; the block's bytes for it may be in
    /// its place.
    fn check_record(&self, leaf: &Leaf) -> Result<(), Error> {
        let Some(record) = &self.record else {
            return Ok(());
        };
        let named = match leaf {
            Leaf::Record {
                record_hash,
                verdict,
                ..
            } => {
                *record_hash == Hash::of(record)
                    || *verdict == Verdict::TooLarge && record_hash.0[..] == record[..]
            }
            Leaf::Genesis { record_hash } => *record_hash == Hash::of(record),
            _ => false,
        };
        if named {
            Ok(())
        } else {
            Err(Error::OtherRecord)
        }
    }
}
