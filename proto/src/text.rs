//! Display of wire values, on the command line and on web pages.

use crate::ledger::v1::{account_entry, audit_finding, transaction_status};
use crate::miner::v1::Phase;
use crate::types::v1::{Position, Verdict};

/// Display names of an enum of the contract.
pub trait Named: Sized {
    /// The name of the value without the prefix that the contract gives it: `STATE_INCLUDED` is `INCLUDED`.
    fn code(self) -> &'static str;

    /// The name as words: `PHASE_CATCHING_UP` is `catching up`.
    fn words(self) -> String {
        self.code().to_lowercase().replace('_', " ")
    }
}

macro_rules! named {
    ($($type:ty: $prefix:literal;)*) => {$(
        impl Named for $type {
            fn code(self) -> &'static str {
                let name = self.as_str_name();
                name.strip_prefix($prefix).unwrap_or(name)
            }
        }
    )*};
}

named! {
    Phase: "PHASE_";
    Verdict: "VERDICT_";
    account_entry::Kind: "KIND_";
    audit_finding::Kind: "KIND_";
    transaction_status::State: "STATE_";
}

/// A hash or a key account, shortened to its first ten characters and its last `tail`; short texts are unchanged.
pub fn short(text: &str, tail: usize) -> String {
    // Characters, not bytes: a service may send any text as an account.
    let length = text.chars().count();
    if length < 32 {
        return text.to_owned();
    }
    let begin: String = text.chars().take(10).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{begin}…{end}")
}

/// Reads `PARTITION:OFFSET`.
pub fn position(text: &str) -> Option<Position> {
    let (partition, offset) = text.split_once(':')?;
    Some(Position {
        partition: Some(partition.parse().ok()?),
        offset: Some(offset.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_any_characters_are_shortened() {
        assert_eq!(short("alice", 4), "alice");
        let long = format!("a{}", "é".repeat(40));
        assert_eq!(short(&long, 4), "aééééééééé…éééé");
        let key = "bl1rx25dqu6guz5q0p8t2af32e0mnerm55dgs3q9e006svuv9d66hrsu87s9m";
        assert_eq!(short(key, 4), "bl1rx25dqu…7s9m");
    }

    #[test]
    fn positions_are_two_numbers() {
        let found = position("1:22").map(|found| (found.partition, found.offset));
        assert_eq!(found, Some((Some(1), Some(22))));
        assert_eq!(position("1:"), None);
        assert_eq!(position("12"), None);
    }

    #[test]
    fn names_lose_their_prefix() {
        assert_eq!(Verdict::NonceTooLow.code(), "NONCE_TOO_LOW");
        assert_eq!(Phase::CatchingUp.words(), "catching up");
    }
}
