//! Transactions: the records of the topic `transactions`.

use bytes::Bytes;

use crate::account::{self, Account};
use crate::hash::Hash;
use crate::key::Secret;
use crate::limits::MAX_MEMO_BYTES;
use crate::wire;

/// The beginning of the signed bytes, so that no other signature of a key can pass for one of a transaction.
const SIGNED_PREFIX: &[u8] = b"blocklog:tx:v1";

/// A decoded transaction; its fields may still break every rule but that of the encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Bytes of the sending account.
    pub sender: Bytes,
    /// Bytes of the receiving account; may be empty when nothing is sent.
    pub recipient: Bytes,
    /// Amount that moves from sender to recipient.
    pub amount: u64,
    /// Greater than the sender's last one. Gaps are fine.
    pub nonce: u64,
    /// Text for people, at most 256 bytes of UTF-8.
    pub memo: String,
    /// Last height at which it may be included; 0 for no limit.
    pub valid_until: u64,
    /// 64 bytes for a key sender, empty for a named one.
    pub signature: Bytes,
}

/// Bytes that are not the canonical encoding of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction in canonical protobuf")]
pub struct Malformed;

impl Transaction {
    /// Decodes the canonical encoding, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Transaction, Malformed> {
        let fields = wire::Transaction::decode(bytes).map_err(|_| Malformed)?;
        Ok(Transaction {
            sender: Bytes::copy_from_slice(fields.sender),
            recipient: Bytes::copy_from_slice(fields.recipient),
            amount: fields.amount,
            nonce: fields.nonce,
            memo: fields.memo.to_owned(),
            valid_until: fields.valid_until,
            signature: Bytes::copy_from_slice(fields.signature),
        })
    }

    /// The canonical encoding: the value of a record.
    pub fn encode(&self) -> Bytes {
        self.fields().encode().into()
    }

    /// The bytes that are signed, and hashed to the id, on the chain with this id.
    pub fn signed_bytes(&self, chain_id: &Hash) -> Vec<u8> {
        let mut out = Vec::new();
        put_signed_bytes(&mut out, &self.fields(), chain_id);
        out
    }

    fn fields(&self) -> wire::Transaction<'_> {
        wire::Transaction {
            sender: &self.sender,
            recipient: &self.recipient,
            amount: self.amount,
            nonce: self.nonce,
            memo: &self.memo,
            valid_until: self.valid_until,
            signature: &self.signature,
        }
    }

    /// The transaction's id on the chain with this id. The signature is not part of it. `None`: the hashed bytes have no room for
    /// accounts or a memo of another form.
    pub fn id(&self, chain_id: &Hash) -> Option<Hash> {
        let fits = self.sender_account().is_some()
            && (self.recipient.is_empty() || self.recipient_account().is_some())
            && self.memo.len() <= MAX_MEMO_BYTES;
        fits.then(|| Hash::of(&self.signed_bytes(chain_id)))
    }

    /// Returns the transaction signed.
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

/// Appends the signed bytes. They are meaningful only for accounts of at most 32 bytes and memos within
/// the limit; others are refused before any hash matters.
pub(crate) fn put_signed_bytes(out: &mut Vec<u8>, fields: &wire::Transaction<'_>, chain_id: &Hash) {
    out.extend_from_slice(SIGNED_PREFIX);
    out.extend_from_slice(&chain_id.0);
    account::put(out, fields.sender);
    account::put(out, fields.recipient);
    out.extend_from_slice(&fields.amount.to_be_bytes());
    out.extend_from_slice(&fields.nonce.to_be_bytes());
    out.extend_from_slice(&fields.valid_until.to_be_bytes());
    out.extend_from_slice(&(fields.memo.len() as u16).to_be_bytes());
    out.extend_from_slice(fields.memo.as_bytes());
}
