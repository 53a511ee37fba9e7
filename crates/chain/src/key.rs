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

/// The reason why a key file was refused.
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

    /// Signs `message`, deterministically.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.account())
    }
}

/// True if `signature` is one of `key` over `message`, by the rules of ZIP-215.
#[must_use]
pub fn verify(key: &[u8; 32], signature: &[u8; SIGNATURE_BYTES], message: &[u8]) -> bool {
    VerificationKey::try_from(VerificationKeyBytes::from(*key))
        .and_then(|key| key.verify(&Signature::from_bytes(signature), message))
        .is_ok()
}

/// Signatures to check together: half the work of single checks, and the same result (ZIP-215).
#[derive(Clone, Debug, Default)]
pub struct SignatureBatch(Vec<batch::Item>);

impl SignatureBatch {
    /// Adds a signature. The message is hashed here, and no longer needed.
    pub fn push(&mut self, key: &[u8; 32], signature: &[u8; SIGNATURE_BYTES], message: &[u8]) {
        let key = VerificationKeyBytes::from(*key);
        let signature = Signature::from_bytes(signature);
        self.0.push(batch::Item::from((key, signature, message)));
    }

    /// True if all are good. `seed` must be unpredictable to the makers of the signatures; batches of one seed differ by
    /// their `stream`.
    #[must_use]
    pub fn verify(&self, seed: [u8; 32], stream: u64) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let mut randomness = ChaCha12Rng::from_seed(seed);
        randomness.set_stream(stream);
        let mut verifier = batch::Verifier::new();
        self.0.iter().for_each(|item| verifier.queue(item.clone()));
        verifier.verify(randomness).is_ok()
    }

    /// The indices of the bad ones, in the order of pushing: every signature is checked by itself.
    pub fn culprits(self) -> impl Iterator<Item = usize> {
        let singly = self.0.into_iter().map(batch::Item::verify_single);
        (singly.enumerate()).filter_map(|(place, result)| result.is_err().then_some(place))
    }
}
