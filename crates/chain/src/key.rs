//! Ed25519 keys and signatures, checked by the ZIP-215 rules.

use std::fmt;

use ed25519_zebra::ed25519::KeypairBytes;
use ed25519_zebra::ed25519::pkcs8::spki::der::pem::LineEnding;
use ed25519_zebra::ed25519::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

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
        let pair = KeypairBytes::from_pkcs8_pem(pem).map_err(|error| NotAKey(error.to_string()))?;
        let secret = Secret::from_seed(pair.secret_key);
        match pair.public_key {
            Some(public) if Some(&public.0) != secret.account().key() => {
                Err(NotAKey("its public key belongs to another one".to_owned()))
            }
            _ => Ok(secret),
        }
    }

    /// Writes PKCS#8 PEM.
    pub fn to_pem(&self) -> String {
        KeypairBytes {
            secret_key: self.0.to_bytes(),
            public_key: None,
        }
        .to_pkcs8_pem(LineEnding::LF)
        .expect("32 bytes fit a PKCS#8 document")
        .to_string()
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

/// Whether all of these (key, signature, message) are good, checked in one batch: half the work of
/// checking each, and the same answer. `seed` must be unpredictable to whoever made the signatures.
pub fn verify_all<M: AsRef<[u8]>>(
    signed: &[([u8; 32], [u8; SIGNATURE_BYTES], M)],
    seed: [u8; 32],
) -> bool {
    let mut verifier = batch::Verifier::new();
    for (key, signature, message) in signed {
        let key = VerificationKeyBytes::from(*key);
        verifier.queue((key, Signature::from_bytes(signature), message));
    }
    verifier.verify(ChaCha12Rng::from_seed(seed)).is_ok()
}
