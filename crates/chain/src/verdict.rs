//! Verdicts: the judgements of a block on the records of its slice.

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
    /// format.md, "Verdicts": "every rule holds".
    Included = 0,
    /// format.md, "Verdicts": "longer than 1024 bytes. The block carries H(record), 32 bytes, in its place".
    TooLarge = 1,
    /// format.md, "Verdicts": "not a canonical Transaction".
    Undecodable = 2,
    /// format.md, "Verdicts": "sender malformed; recipient malformed; recipient empty while amount > 0".
    BadAccount = 3,
    /// format.md, "Verdicts": "a named sender or recipient on a chain that is not open".
    NamesNotAllowed = 4,
    /// format.md, "Verdicts": "memo longer than 256 bytes".
    MemoTooLarge = 5,
    /// format.md, "Verdicts": "amount 0 and no memo".
    Empty = 6,
    /// format.md, "Verdicts": "key sender: signature does not verify; named sender: signature not empty".
    BadSignature = 7,
    /// format.md, "Verdicts": "`valid_until` > 0 and below the block's height".
    Expired = 8,
    /// format.md, "Verdicts": "nonce not greater than the sender's nonce (0 before the first). Gaps are fine".
    NonceTooLow = 9,
    /// format.md, "Verdicts": "key sender with a balance below the amount".
    InsufficientFunds = 10,
    /// format.md, "Verdicts": "a balance would leave −(2^63−1) … 2^63−1".
    BalanceOverflow = 11,
}

/// Counts of a block's records.
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

    /// The condition for this verdict, in the words of the table in format.md, "Verdicts".
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

    /// True if a record with this verdict is an occurrence of its transaction id. Any sender can copy
    /// an id with a bad signature, so verdicts 1 to 7 are not.
    pub fn is_occurrence(self) -> bool {
        self == Verdict::Included || self >= Verdict::Expired
    }
}
