//! Records of `transactions`, checked against every rule that needs no chain state.

mod check;
pub(crate) mod claim;

use bytes::Bytes;

use crate::account::Account;
use crate::hash::Hash;
use crate::verdict::Verdict;

pub use check::{check, check_all};

/// A record, checked against all stateless rules. It shares the bytes it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    bytes: Bytes,
    hash: Hash,
    judged: Judged,
}

/// The result of the stateless rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Refused for good, with one of the verdicts 1 to 7.
    Refused(Verdict),
    /// Well-formed and signed; the rest depends on the chain.
    Good(Transfer),
}

/// The transfer in a good record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Transaction id.
    pub id: Hash,
    /// The sending account, which has signed if it is a key.
    pub sender: Account,
    /// The receiving account; `None` only if the amount is 0.
    pub recipient: Option<Account>,
    /// The amount that moves.
    pub amount: u64,
    /// The sender's nonce.
    pub nonce: u64,
    /// Last height at which it may be included; 0 for no limit.
    pub valid_until: u64,
}

/// The treatment of a block's signatures.
#[derive(Clone, Copy)]
pub enum Signatures<'a> {
    /// Check them, in batches.
    Check {
        /// Unpredictable to the maker of the block.
        seed: [u8; 32],
        /// True if this process has already verified the signature of the record with this hash.
        known: &'a (dyn Fn(&Hash) -> bool + Sync),
    },
    /// Trust the block, including its own signature: it leads to a trusted tip.
    Assume,
}

impl Record {
    /// The bytes in a block: the value of the record, or for TOO_LARGE the 32 bytes of its hash.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Hash of the record's value; for TOO_LARGE the one that the block carries.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The transaction id, if this is an occurrence of one.
    pub fn id(&self) -> Option<Hash> {
        match &self.judged {
            Judged::Good(transfer) => Some(transfer.id),
            Judged::Refused(_) => None,
        }
    }

    /// The result of the stateless rules.
    pub fn judged(&self) -> &Judged {
        &self.judged
    }
}
