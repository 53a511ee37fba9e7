//! Secret keys: files as OpenSSL writes them, and what is never shown.

use chain::{Secret, key};

/// `openssl genpkey -algorithm ed25519`, of the seed in RFC 8032, 7.1, test 1.
const PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[test]
fn a_key_of_openssl_is_read_and_written() {
    let secret = Secret::from_pem(PEM).expect("a key of OpenSSL");
    assert_eq!(hex::encode(secret.account().as_bytes()), PUBLIC);
    assert_eq!(secret.to_pem(), PEM);
}

#[test]
fn what_is_no_key_is_refused() {
    for text in [
        "",
        "bl1",
        &PEM.replace("MC4C", "MC4D"),
        &PEM.replace("K2Vw", "K2Vu"),
    ] {
        assert!(Secret::from_pem(text).is_err(), "{text}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    let secret = Secret::from_pem(PEM).expect("a key of OpenSSL");
    assert_eq!(
        format!("{secret:?}"),
        format!("Secret({})", secret.account())
    );
}

#[test]
fn signatures_are_of_one_key_and_one_message() {
    let secret = Secret::from_seed([1; 32]);
    let account = secret.account();
    let public = account.key().expect("the account of a key");
    let signature = secret.sign(b"message");
    assert_eq!(signature, secret.sign(b"message"));
    assert!(key::verify(public, &signature, b"message"));
    assert!(!key::verify(public, &signature, b"other"));
    let batch = |messages: &[&[u8]]| {
        let mut batch = key::SignatureBatch::default();
        for message in messages {
            batch.push(public, &signature, message);
        }
        batch
    };
    assert!(batch(&[]).verify([5; 32], 0));
    assert!(batch(&[b"message", b"message"]).verify([5; 32], 0));
    let mixed = batch(&[b"message", b"other", b"message"]);
    assert!(!mixed.verify([5; 32], 0));
    assert_eq!(mixed.culprits().collect::<Vec<_>>(), [1]);
}
