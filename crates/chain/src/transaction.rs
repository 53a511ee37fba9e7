//! Transactions: the records of the topic `transactions`.

use bytes::Bytes;

use crate::account::Account;
use crate::hash::Hash;
use crate::key::Secret;

/// The longest record that can be a transaction, in bytes.
pub const MAX_BYTES: usize = 1024;

/// The longest memo, in bytes of UTF-8.
pub const MAX_MEMO_BYTES: usize = 256;

/// A transaction as decoded; its fields may still break every rule but the encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Bytes of the sending account.
    pub sender: Bytes,
    /// Bytes of the receiving account; may be empty when nothing is sent.
    pub recipient: Bytes,
    /// What moves from sender to recipient.
    pub amount: u64,
    /// Greater than the sender's last one. Gaps are fine.
    pub nonce: u64,
    /// Text for people; at most 256 bytes.
    pub memo: String,
    /// Last height at which it may be included; 0 for no limit.
    pub valid_until: u64,
    /// 64 bytes of a key sender, empty for a named one.
    pub signature: Bytes,
}

/// Bytes that are not the canonical encoding of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction in canonical protobuf")]
pub struct Malformed;

impl Transaction {
    /// Decodes the canonical encoding, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Transaction, Malformed> {
        todo!("{bytes:?}")
    }

    /// The canonical encoding: the value of a record.
    pub fn encode(&self) -> Bytes {
        todo!()
    }

    /// What is signed, and hashed to the id, on the chain with this id.
    pub fn signed_bytes(&self, chain_id: &Hash) -> Vec<u8> {
        todo!("{chain_id}")
    }

    /// The transaction's id on the chain with this id. The signature is no part of it.
    pub fn id(&self, chain_id: &Hash) -> Hash {
        Hash::of(&self.signed_bytes(chain_id))
    }

    /// The same, signed.
    #[must_use]
    pub fn sign(self, chain_id: &Hash, secret: &Secret) -> Transaction {
        let signature = secret.sign(&self.signed_bytes(chain_id));
        Transaction {
            signature: Bytes::copy_from_slice(&signature),
            ..self
        }
    }

    /// The sender, if well-formed.
    pub fn sender_account(&self) -> Option<Account> {
        Account::from_bytes(&self.sender).ok()
    }

    /// The recipient, if there is a well-formed one.
    pub fn recipient_account(&self) -> Option<Account> {
        Account::from_bytes(&self.recipient).ok()
    }
}
