//! The stateless rules: the verdicts 1 to 7, one function each, in order.

use bytes::Bytes;

use super::{Judged, Record, Transfer};
use crate::account::Account;
use crate::genesis::Rules;
use crate::hash::Hash;
use crate::key::{self, SIGNATURE_BYTES, SignatureBatch};
use crate::limits;
use crate::parallel::{self, Parallel};
use crate::transaction;
use crate::verdict::Verdict;
use crate::wire;

/// A record that passes every stateless rule, if its signature is good.
pub(super) struct Examined {
    pub(super) transfer: Transfer,
    /// The signature of a key sender; a named sender has none.
    pub(super) signed: Option<Signed>,
}

/// A signature that has not been checked.
pub(super) struct Signed {
    pub(super) key: [u8; 32],
    pub(super) signature: [u8; SIGNATURE_BYTES],
}

/// Examines a record except for its signature's mathematics. Leaves the signed bytes in `message`.
pub(super) fn examine(
    value: &[u8],
    rules: &Rules,
    message: &mut Vec<u8>,
) -> Result<Examined, Verdict> {
    check_size(value)?;
    let fields = wire::Transaction::decode(value).map_err(|_| Verdict::Undecodable)?;
    let (sender, recipient) = check_accounts(&fields)?;
    check_names(&sender, recipient.as_ref(), rules)?;
    check_memo(&fields)?;
    check_content(&fields)?;
    let signed = check_signature_form(&fields, &sender)?;
    message.clear();
    transaction::put_signed_bytes(message, &fields, &rules.chain_id);
    let transfer = Transfer {
        id: Hash::of(message),
        sender,
        recipient,
        amount: fields.amount,
        nonce: fields.nonce,
        valid_until: fields.valid_until,
    };
    Ok(Examined { transfer, signed })
}

/// format.md, "Verdicts", TOO_LARGE: "longer than 1024 bytes".
fn check_size(value: &[u8]) -> Result<(), Verdict> {
    if value.len() > limits::MAX_TRANSACTION_BYTES {
        return Err(Verdict::TooLarge);
    }
    Ok(())
}

/// format.md, "Verdicts", BAD_ACCOUNT: "sender malformed; recipient malformed; recipient empty while amount > 0".
fn check_accounts(fields: &wire::Transaction<'_>) -> Result<(Account, Option<Account>), Verdict> {
    let account = |bytes| Account::from_bytes(bytes).map_err(|_| Verdict::BadAccount);
    let sender = account(fields.sender)?;
    let recipient = match fields.recipient {
        [] if fields.amount == 0 => None,
        bytes => Some(account(bytes)?),
    };
    Ok((sender, recipient))
}

/// format.md, "Verdicts", NAMES_NOT_ALLOWED: "a named sender or recipient on a chain that is not open".
fn check_names(
    sender: &Account,
    recipient: Option<&Account>,
    rules: &Rules,
) -> Result<(), Verdict> {
    let named = !sender.is_key() || recipient.is_some_and(|recipient| !recipient.is_key());
    if named && !rules.genesis.open {
        return Err(Verdict::NamesNotAllowed);
    }
    Ok(())
}

/// format.md, "Verdicts", MEMO_TOO_LARGE: "memo longer than 256 bytes".
fn check_memo(fields: &wire::Transaction<'_>) -> Result<(), Verdict> {
    if fields.memo.len() > limits::MAX_MEMO_BYTES {
        return Err(Verdict::MemoTooLarge);
    }
    Ok(())
}

/// format.md, "Verdicts", EMPTY: "amount 0 and no memo".
fn check_content(fields: &wire::Transaction<'_>) -> Result<(), Verdict> {
    if fields.amount == 0 && fields.memo.is_empty() {
        return Err(Verdict::Empty);
    }
    Ok(())
}

/// format.md, "Verdicts", BAD_SIGNATURE: "named sender: signature not empty"; of a key the length.
fn check_signature_form(
    fields: &wire::Transaction<'_>,
    sender: &Account,
) -> Result<Option<Signed>, Verdict> {
    match (sender.key(), fields.signature) {
        (None, []) => Ok(None),
        (None, _) => Err(Verdict::BadSignature),
        (Some(key), signature) => {
            let signature = signature.try_into().map_err(|_| Verdict::BadSignature)?;
            Ok(Some(Signed {
                key: *key,
                signature,
            }))
        }
    }
}

impl Record {
    /// A record that a stateless rule refuses.
    fn refused(value: Bytes, verdict: Verdict) -> Record {
        let hash = Hash::of(&value);
        let bytes = match verdict {
            Verdict::TooLarge => Bytes::copy_from_slice(&hash.0),
            _ => value,
        };
        Record {
            bytes,
            hash,
            judged: Judged::Refused(verdict),
        }
    }

    /// A record that passes all stateless rules.
    fn good(value: Bytes, transfer: Transfer) -> Record {
        Record {
            hash: Hash::of(&value),
            bytes: value,
            judged: Judged::Good(transfer),
        }
    }
}

/// Checks one record.
pub fn check(value: Bytes, rules: &Rules) -> Record {
    let mut message = Vec::new();
    match examine(&value, rules, &mut message) {
        Err(verdict) => Record::refused(value, verdict),
        Ok(Examined { transfer, signed }) => match signed {
            Some(signed) if !signed.holds(&message) => {
                Record::refused(value, Verdict::BadSignature)
            }
            _ => Record::good(value, transfer),
        },
    }
}

impl Signed {
    /// True if this is a signature over `message`.
    pub(super) fn holds(&self, message: &[u8]) -> bool {
        key::verify(&self.key, &self.signature, message)
    }

    /// Adds the signature to a batch.
    pub(super) fn defer(&self, message: &[u8], batch: &mut SignatureBatch) {
        batch.push(&self.key, &self.signature, message);
    }
}

/// Checks many records, their signatures in batches; those of a failing batch one by one. `seed` must
/// be unpredictable to the makers of the records.
pub fn check_all(
    values: Vec<Bytes>,
    rules: &Rules,
    seed: [u8; 32],
    parallel: &dyn Parallel,
) -> Vec<Record> {
    let parts = parallel::map_parts(&values, parallel, |part, values| {
        batch(values, rules, seed, part as u64)
    });
    parts.into_iter().flatten().collect()
}

/// Checks records, their signatures in one batch.
fn batch(values: &[Bytes], rules: &Rules, seed: [u8; 32], stream: u64) -> Vec<Record> {
    let mut message = Vec::new();
    let mut batch = SignatureBatch::default();
    let mut signed_records = Vec::with_capacity(values.len());
    let mut records: Vec<Record> = Vec::with_capacity(values.len());
    for value in values {
        records.push(match examine(value, rules, &mut message) {
            Err(verdict) => Record::refused(value.clone(), verdict),
            Ok(Examined { transfer, signed }) => {
                if let Some(signed) = signed {
                    signed.defer(&message, &mut batch);
                    signed_records.push(records.len());
                }
                Record::good(value.clone(), transfer)
            }
        });
    }
    if !batch.verify(seed, stream) {
        for place in batch.culprits() {
            records[signed_records[place]].judged = Judged::Refused(Verdict::BadSignature);
        }
    }
    records
}
