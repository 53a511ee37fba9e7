//! The log: one RFC 6962 Merkle tree over the leaves of all blocks. Proofs as in RFC 9162, 2.1.3 and 2.1.4.

mod path;
mod verify;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

pub use path::{Source, consistency_path, inclusion_path, root};
pub use verify::{verify_consistency, verify_inclusion};

/// The complete subtrees of a log, widest first: all that appending needs.
///
/// ```
/// use chain::log::{Frontier, leaf_hash, node_hash};
///
/// let mut log = Frontier::default();
/// log.append(leaf_hash(b"a"));
/// log.append(leaf_hash(b"b"));
/// assert_eq!(log.root(), node_hash(&leaf_hash(b"a"), &leaf_hash(b"b")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// An interior node over a complete subtree: leaves `index << level` to `(index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Height above the leaves, which are level 0.
    pub level: u32,
    /// Index among the nodes of the level.
    pub index: u64,
    /// Hash over both children.
    pub hash: Hash,
}

impl Frontier {
    /// Appends a leaf hash; passes the interior nodes that this completes to `completed`, lowest first.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(Node)) {
        let mut hash = leaf;
        let levels = self.size.trailing_ones();
        for level in 1..=levels {
            let left = self
                .peaks
                .pop()
                .expect("one peak for each bit set in the size");
            hash = node_hash(&left, &hash);
            completed(Node {
                level,
                index: self.size >> level,
                hash,
            });
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Appends a leaf hash.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_| {});
    }

    /// The root; that of an empty log is the hash of no bytes.
    pub fn root(&self) -> Hash {
        let narrow_first = self.peaks.iter().rev().copied();
        narrow_first
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Hash::of(&[]))
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// True if there is one peak for each bit set in the size.
    pub(crate) fn is_whole(&self) -> bool {
        self.peaks.len() == self.size.count_ones() as usize
    }
}

/// Hash of a leaf: H(0x00 ‖ leaf).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], leaf])
}

/// Hash of a node: H(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash::of(&bytes)
}
