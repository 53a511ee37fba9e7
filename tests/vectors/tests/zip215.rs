//! Signatures that are and are not valid by the rules of ZIP-215, singly and in batches.

use chain::key;
use serde::Deserialize;
use vectors::{Hex, load};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    key: Hex,
    signature: Hex,
    message: Hex,
    valid: bool,
}

#[test]
fn signatures() {
    let golden: Vec<Golden> = load("zip215.json");
    assert!(!golden.is_empty());
    let mut good = Vec::new();
    for (i, case) in golden.into_iter().enumerate() {
        let (key, message) = (case.key.array(), case.message.0);
        let Ok(signature) = <[u8; 64]>::try_from(case.signature.0) else {
            assert!(!case.valid, "{i}");
            continue;
        };
        assert_eq!(key::verify(&key, &signature, &message), case.valid, "{i}");
        let alone = [(key, signature, message.clone())];
        assert_eq!(
            key::verify_all(&alone, [1; 32]),
            case.valid,
            "{i} in a batch"
        );
        if case.valid {
            good.push((key, signature, message));
        }
    }
    assert!(key::verify_all(&good, [2; 32]));
}
