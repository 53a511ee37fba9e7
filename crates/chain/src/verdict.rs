//! Verdicts: what a block says of each record of its slice.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, FromRepr};

/// The verdict on one record, by the first rule that fails. Every verdict is final for those bytes.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    FromRepr,
    Serialize,
    Deserialize,
)]
#[repr(u8)]
pub enum Verdict {
    /// Every rule holds.
    Included = 0,
    /// Longer than 1024 bytes; the block carries the hash in place of the record.
    TooLarge = 1,
    /// Not a canonical `Transaction`.
    Undecodable = 2,
    /// Sender or recipient malformed, or no recipient for an amount.
    BadAccount = 3,
    /// A named sender or recipient on a chain that is not open.
    NamesNotAllowed = 4,
    /// Memo longer than 256 bytes.
    MemoTooLarge = 5,
    /// Neither amount nor memo.
    Empty = 6,
    /// The signature does not verify, or a named sender has one.
    BadSignature = 7,
    /// `valid_until` lies below the height of the block.
    Expired = 8,
    /// Nonce not greater than the sender's.
    NonceTooLow = 9,
    /// A key sender has less than the amount.
    InsufficientFunds = 10,
    /// A balance would leave −(2^63−1) … 2^63−1.
    BalanceOverflow = 11,
}

/// How many records of a block are INCLUDED, and how many have another verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that are INCLUDED.
    pub included: u32,
    /// Records with any other verdict.
    pub rejected: u32,
}

impl Tally {
    /// Counts verdicts.
    pub fn of(verdicts: &[Verdict]) -> Tally {
        let included = verdicts.iter().filter(|it| **it == Verdict::Included);
        let included = included.count();
        Tally {
            included: included as u32,
            rejected: (verdicts.len() - included) as u32,
        }
    }
}

impl Verdict {
    /// The byte in blocks and leaves.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// The verdict with this byte.
    pub fn from_byte(byte: u8) -> Option<Verdict> {
        Verdict::from_repr(byte)
    }

    /// The stable name, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Verdict::Included => "INCLUDED",
            Verdict::TooLarge => "TOO_LARGE",
            Verdict::Undecodable => "UNDECODABLE",
            Verdict::BadAccount => "BAD_ACCOUNT",
            Verdict::NamesNotAllowed => "NAMES_NOT_ALLOWED",
            Verdict::MemoTooLarge => "MEMO_TOO_LARGE",
            Verdict::Empty => "EMPTY",
            Verdict::BadSignature => "BAD_SIGNATURE",
            Verdict::Expired => "EXPIRED",
            Verdict::NonceTooLow => "NONCE_TOO_LOW",
            Verdict::InsufficientFunds => "INSUFFICIENT_FUNDS",
            Verdict::BalanceOverflow => "BALANCE_OVERFLOW",
        }
    }

    /// When a record gets this verdict, in the words of the table in format.md, "Verdicts".
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::Included => "every rule holds",
            Verdict::TooLarge => "longer than 1024 bytes",
            Verdict::Undecodable => "not a canonical Transaction",
            Verdict::BadAccount => {
                "sender malformed; recipient malformed; recipient empty while amount > 0"
            }
            Verdict::NamesNotAllowed => "a named sender or recipient on a chain that is not open",
            Verdict::MemoTooLarge => "memo longer than 256 bytes",
            Verdict::Empty => "amount 0 and no memo",
            Verdict::BadSignature => {
                "key sender: signature does not verify; named sender: signature not empty"
            }
            Verdict::Expired => "valid_until > 0 and below the block's height",
            Verdict::NonceTooLow => "nonce not greater than the sender's nonce",
            Verdict::InsufficientFunds => "key sender with a balance below the amount",
            Verdict::BalanceOverflow => "a balance would leave −(2^63−1) … 2^63−1",
        }
    }

    /// Whether a record with this verdict is an occurrence of its transaction id. Anybody can copy an
    /// id with a bad signature, so verdicts 1 to 7 are none.
    pub fn is_occurrence(self) -> bool {
        self == Verdict::Included || self >= Verdict::Expired
    }
}
