//! Compact targets.

use chain::work::{compact, target};
use serde::Deserialize;
use vectors::load;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    made_compact: Vec<Made>,
    bits: Vec<Bits>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    target: String,
    bits: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bits {
    bits: u32,
    target: String,
    canonical: bool,
}

/// A number in hex, of any even or odd number of digits.
fn number(text: &str) -> [u8; 32] {
    let digits = text.strip_prefix("0x").expect("hex begins with 0x");
    let padded = format!("{digits:0>64}");
    let bytes = hex::decode(padded).expect("digits are hex");
    bytes.try_into().expect("at most 64 digits")
}

#[test]
fn compact_targets() {
    let golden: Golden = load("compact.json");
    for case in golden.made_compact {
        assert_eq!(compact(&number(&case.target)), case.bits, "{}", case.target);
    }
    for case in golden.bits {
        let found = target(case.bits).expect("the target fits 256 bits");
        assert_eq!(found, number(&case.target), "{:#x}", case.bits);
        assert_eq!(
            compact(&found) == case.bits,
            case.canonical,
            "{:#x}",
            case.bits
        );
    }
}
