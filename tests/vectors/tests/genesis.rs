//! Genesis records, valid and not.

use chain::{Genesis, Hash};
use serde::Deserialize;
use vectors::{Hex, load};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    record: Hex,
    result: String,
    chain_id: Option<Hash>,
}

#[test]
fn genesis() {
    let golden: Vec<Golden> = load("genesis.json");
    assert!(!golden.is_empty());
    for (i, case) in golden.into_iter().enumerate() {
        match Genesis::decode(&case.record.0) {
            Ok(genesis) => {
                assert_eq!(case.result, "OK", "{i}");
                assert_eq!(Some(genesis.chain_id()), case.chain_id, "{i}");
                assert_eq!(genesis.encode(), case.record.0, "{i}");
            }
            Err(fault) => assert_eq!(fault.code(), case.result, "{i}"),
        }
    }
}
