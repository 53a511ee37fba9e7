//! Accounts and what is none.

use chain::Account;
use serde::Deserialize;
use vectors::{Hex, load};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    keys: Vec<Key>,
    names: Vec<String>,
    not_accounts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    bytes: Hex,
    text: String,
}

#[test]
fn accounts() {
    let golden: Golden = load("accounts.json");
    for key in golden.keys {
        let account = Account::from_bytes(&key.bytes.0).expect("any 32 bytes are a key");
        assert!(account.is_key());
        assert_eq!(account.to_string(), key.text);
        assert_eq!(key.text.parse(), Ok(account));
    }
    for name in golden.names {
        let account: Account = name.parse().expect("the name is an account");
        assert!(!account.is_key());
        assert_eq!(account.as_bytes(), name.as_bytes());
        assert_eq!(account.to_string(), name);
    }
    for text in golden.not_accounts {
        assert!(text.parse::<Account>().is_err(), "{text}");
    }
}
