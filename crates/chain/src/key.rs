//! Ed25519 keys and signatures, checked by the ZIP-215 rules.

use std::fmt;

use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes};

use crate::account::Account;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A secret Ed25519 key. Never shown: `Debug` prints the account.
#[derive(Clone)]
pub struct Secret(SigningKey);

/// Why a key file was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key in PKCS#8 PEM (openssl genpkey -algorithm ed25519 makes one): {0}")]
pub struct NotAKey(String);

impl Secret {
    /// The key with this seed (RFC 8032, 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> Secret {
        Secret(SigningKey::from(seed))
    }

    /// Reads PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(pem: &str) -> Result<Secret, NotAKey> {
        todo!("{pem}")
    }

    /// Writes PKCS#8 PEM.
    pub fn to_pem(&self) -> String {
        todo!()
    }

    /// The account of this key.
    pub fn account(&self) -> Account {
        Account::from_key(VerificationKeyBytes::from(&self.0).into())
    }

    /// Signs `message`. The same key and message always give the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.account())
    }
}

/// Whether `signature` is one of `key` over `message`, by the rules of ZIP-215.
pub fn verify(key: &[u8; 32], signature: &[u8; SIGNATURE_BYTES], message: &[u8]) -> bool {
    VerificationKey::try_from(VerificationKeyBytes::from(*key))
        .and_then(|key| key.verify(&Signature::from_bytes(signature), message))
        .is_ok()
}
