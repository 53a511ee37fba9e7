//! Accounts: Ed25519 keys, and names where the genesis is open.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes of a key account; a named account has fewer.
pub const KEY_BYTES: usize = 32;

/// The beginning of the text form of every key: the prefix `bl` and the separator of BIP-350.
const KEY_TEXT: &str = "bl1";

/// Prefix of BIP-350.
const PREFIX: Hrp = Hrp::parse_unchecked("bl");

/// A well-formed account: 32 bytes of an Ed25519 public key, or a name of 1 to 31 bytes.
///
/// Keys are written as bech32m (BIP-350) with the prefix `bl`, names as they are.
///
/// ```
/// use chain::Account;
///
/// let alice: Account = "alice".parse()?;
/// assert!(!alice.is_key());
/// let key = Account::from_bytes(&[7; 32])?;
/// assert_eq!(key.to_string().parse(), Ok(key));
/// # Ok::<(), chain::account::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Padded with zeros, as in a header.
    bytes: [u8; KEY_BYTES],
    length: u8,
}

/// The reason why bytes or a text are no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No bytes, or more than 32.
    #[error("an account has 1 to 32 bytes")]
    Length,
    /// 1 to 31 bytes that are no name.
    #[error(
        "a name is made of a-z, 0-9, '.', '_' and '-', begins with a letter or digit, and not with bl1"
    )]
    Name,
    /// A text that begins like a key but is none.
    #[error("not a key in bech32m with the prefix bl: mistyped?")]
    Key,
}

/// The chain's state of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Balance; below zero only for named accounts.
    pub balance: i64,
    /// The last nonce used; 0 before the first.
    pub nonce: u64,
    /// Number of the account's entries in the log; the last one has this sequence.
    pub entries: u64,
    /// Leaf of the last entry; meaningless while `entries` is 0.
    pub last_leaf: u64,
}

impl State {
    /// Leaf of the last entry, if there is one.
    pub fn last_entry(&self) -> Option<u64> {
        (self.entries > 0).then_some(self.last_leaf)
    }
}

impl Account {
    /// The account with these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Account, Error> {
        match bytes.len() {
            KEY_BYTES => {}
            1..KEY_BYTES if is_name(bytes) => {}
            1..KEY_BYTES => return Err(Error::Name),
            _ => return Err(Error::Length),
        }
        let mut padded = [0; KEY_BYTES];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Account {
            bytes: padded,
            length: bytes.len() as u8,
        })
    }

    /// The account of a public key.
    pub const fn from_key(key: [u8; KEY_BYTES]) -> Account {
        Account {
            bytes: key,
            length: KEY_BYTES as u8,
        }
    }

    /// The 1 to 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// The bytes, padded with zeros to 32, as in a header.
    pub fn padded(&self) -> [u8; KEY_BYTES] {
        self.bytes
    }

    /// True for a key: keys always sign and are never overdrawn.
    pub fn is_key(&self) -> bool {
        self.length as usize == KEY_BYTES
    }

    /// The public key, if this is a key account.
    pub fn key(&self) -> Option<&[u8; KEY_BYTES]> {
        self.is_key().then_some(&self.bytes)
    }
}

/// Appends `acct(a)`: length u8, then the bytes. `None` is the account of length 0.
pub(crate) fn put(out: &mut Vec<u8>, account: &[u8]) {
    out.push(account.len() as u8);
    out.extend_from_slice(account);
}

fn is_name(bytes: &[u8]) -> bool {
    let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(lower)
        && bytes.iter().all(|b| lower(b) || b"._-".contains(b))
        && !bytes.starts_with(KEY_TEXT.as_bytes())
}

fn key_from_text(text: &str) -> Option<[u8; KEY_BYTES]> {
    // BIP-350 reads all-capital text too; the text form of an account is one string only.
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let checked = CheckedHrpstring::new::<Bech32m>(text).ok()?;
    checked.validate_segwit_padding().ok()?;
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let key = bytes.try_into().ok()?;
    (checked.hrp() == PREFIX && Account::from_key(key).to_string() == text).then_some(key)
}

impl std::hash::Hash for Account {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The padding distinguishes a name from every other name; only a key can have the same 32 bytes.
        state.write(&self.bytes);
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_key() {
            let text = bech32::encode_lower::<Bech32m>(PREFIX, &self.bytes)
                .expect("32 bytes are within the length of bech32m");
            f.pad(&text)
        } else {
            f.pad(std::str::from_utf8(self.as_bytes()).expect("names are ASCII"))
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Account {
    type Err = Error;

    fn from_str(text: &str) -> Result<Account, Error> {
        if text.starts_with(KEY_TEXT) {
            return key_from_text(text).map(Account::from_key).ok_or(Error::Key);
        }
        match Account::from_bytes(text.as_bytes()) {
            Ok(account) if account.is_key() => Err(Error::Name),
            other => other,
        }
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(self.as_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Account, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let bytes = bytes::Bytes::deserialize(deserializer)?;
            Account::from_bytes(&bytes).map_err(de::Error::custom)
        }
    }
}
