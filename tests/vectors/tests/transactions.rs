//! Transactions: signed bytes, ids, signatures, records.

use bytes::Bytes;
use chain::record::{Judged, check};
use chain::{Account, Genesis, Hash, Rules, Transaction, key};
use serde::Deserialize;
use vectors::{Hex, load};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    chain_id: Hash,
    transactions: Vec<Signed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    sender: Account,
    recipient: String,
    amount: u64,
    nonce: u64,
    memo: String,
    valid_until: u64,
    signed_bytes: Hex,
    id: Hash,
    signature: Hex,
    record: Hex,
}

#[test]
fn transactions() {
    let golden: Golden = load("transactions.json");
    let rules = Rules {
        chain_id: golden.chain_id,
        genesis: Genesis {
            open: true,
            ..Genesis::default()
        },
    };
    for signed in golden.transactions {
        let recipient: Option<Account> = match signed.recipient.as_str() {
            "" => None,
            text => Some(text.parse().expect("a well-formed recipient")),
        };
        let transaction = Transaction {
            sender: Bytes::copy_from_slice(signed.sender.as_bytes()),
            recipient: recipient
                .map(|recipient| Bytes::copy_from_slice(recipient.as_bytes()))
                .unwrap_or_default(),
            amount: signed.amount,
            nonce: signed.nonce,
            memo: signed.memo,
            valid_until: signed.valid_until,
            signature: signed.signature.0.into(),
        };
        let message = transaction.signed_bytes(&golden.chain_id);
        assert_eq!(message, signed.signed_bytes.0);
        assert_eq!(transaction.id(&golden.chain_id), Some(signed.id));
        assert_eq!(transaction.encode(), signed.record.0);
        assert_eq!(
            Transaction::decode(&signed.record.0),
            Ok(transaction.clone())
        );
        if let Some(key) = signed.sender.key() {
            let signature = transaction.signature[..].try_into().expect("64 bytes");
            assert!(key::verify(key, signature, &message));
        }
        let record = check(signed.record.0.into(), &rules);
        assert!(matches!(record.judged(), Judged::Good(good) if good.id == signed.id));
    }
}
