//! Signatures that are and are not valid by the rules of ZIP-215, singly and in batches.

use chain::key::{self, SignatureBatch};
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
    let (mut good, mut all, mut bad) = (
        SignatureBatch::default(),
        SignatureBatch::default(),
        Vec::new(),
    );
    let mut pushed = 0;
    for (i, case) in golden.into_iter().enumerate() {
        let (key, message) = (case.key.array(), case.message.0);
        let Ok(signature) = <[u8; 64]>::try_from(case.signature.0) else {
            assert!(!case.valid, "{i}");
            continue;
        };
        assert_eq!(key::verify(&key, &signature, &message), case.valid, "{i}");
        let mut alone = SignatureBatch::default();
        alone.push(&key, &signature, &message);
        assert_eq!(alone.verify([1; 32], 0), case.valid, "{i} in a batch");
        all.push(&key, &signature, &message);
        if case.valid {
            good.push(&key, &signature, &message);
        } else {
            bad.push(pushed);
        }
        pushed += 1;
    }
    assert!(good.verify([2; 32], 0));
    assert_eq!(all.verify([3; 32], 0), bad.is_empty());
    assert_eq!(all.culprits().collect::<Vec<_>>(), bad);
}
