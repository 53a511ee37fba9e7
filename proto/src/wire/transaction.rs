//! Transactions and verdicts.

use bytes::Bytes;
use chain::{Hash, Verdict};

use super::field::{self, Error};
use crate::types::v1 as types;

/// A submitted transaction as a type of the chain, with nonce 0 if it has none yet.
///
/// Accounts must be well-formed; everything else is checked by the rules of the chain.
pub fn to_transaction(wire: &types::Transaction) -> Result<chain::Transaction, Error> {
    let recipient = if wire.recipient.is_empty() {
        Bytes::new()
    } else {
        account_bytes("transaction.recipient", &wire.recipient)?
    };
    Ok(chain::Transaction {
        sender: account_bytes("transaction.sender", &wire.sender)?,
        recipient,
        amount: wire.amount.unwrap_or_default(),
        nonce: wire.nonce.unwrap_or_default(),
        memo: wire.memo.clone(),
        valid_until: wire.valid_until.unwrap_or_default(),
        signature: field::hex_bytes("transaction.signature", &wire.signature)?.into(),
    })
}

fn account_bytes(path: &str, text: &str) -> Result<Bytes, Error> {
    Ok(Bytes::copy_from_slice(
        field::account(path, text)?.as_bytes(),
    ))
}

/// A transaction of the chain in readable form, with its id if it has one. Malformed accounts are shown as hex after `0x`.
pub fn from_transaction(transaction: &chain::Transaction, id: Option<Hash>) -> types::Transaction {
    types::Transaction {
        id: id.map_or_else(String::new, |id| id.to_string()),
        sender: account_text(&transaction.sender),
        recipient: account_text(&transaction.recipient),
        amount: Some(transaction.amount),
        nonce: Some(transaction.nonce),
        memo: transaction.memo.clone(),
        valid_until: Some(transaction.valid_until),
        signature: hex::encode(&transaction.signature),
    }
}

fn account_text(bytes: &[u8]) -> String {
    match chain::Account::from_bytes(bytes) {
        Ok(account) => account.to_string(),
        Err(_) if bytes.is_empty() => String::new(),
        Err(_) => format!("0x{}", hex::encode(bytes)),
    }
}

/// The verdict on the wire: the byte of the format plus one.
pub fn verdict(verdict: Verdict) -> types::Verdict {
    types::Verdict::try_from(i32::from(verdict.byte()) + 1)
        .expect("the contract numbers the verdicts as the format does")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_have_the_same_names() {
        for ours in (0..=u8::MAX).map_while(Verdict::from_byte) {
            assert_eq!(
                verdict(ours).as_str_name(),
                format!("VERDICT_{}", ours.code())
            );
        }
    }

    #[test]
    fn a_bad_account_names_its_field() {
        let wire = types::Transaction {
            sender: "alice".into(),
            recipient: "Bob".into(),
            ..Default::default()
        };
        let error = to_transaction(&wire).unwrap_err();
        assert_eq!(
            (error.field.as_str(), error.reason),
            ("transaction.recipient", "BAD_ACCOUNT")
        );
    }
}
