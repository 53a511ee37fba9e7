//! Signatures in batches: half the work of checking each, and the same answer (ZIP-215).

use ed25519_zebra::batch::{Item, Verifier};
use ed25519_zebra::{Signature, VerificationKeyBytes};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use super::check::Signed;

/// The randomness of one batch: as unpredictable as the seed.
pub(super) fn randomness(seed: [u8; 32], part: usize) -> ChaCha12Rng {
    let mut randomness = ChaCha12Rng::from_seed(seed);
    randomness.set_stream(part as u64);
    randomness
}

/// A signature to be checked. It no longer needs the message.
pub(super) fn item(signed: &Signed, message: &[u8]) -> Item {
    let key = VerificationKeyBytes::from(signed.key);
    Item::from((key, Signature::from_bytes(&signed.signature), message))
}

/// Whether all are good.
pub(super) fn all_good(items: impl IntoIterator<Item = Item>, randomness: ChaCha12Rng) -> bool {
    let mut verifier = Verifier::new();
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        return true;
    }
    items.for_each(|item| verifier.queue(item));
    verifier.verify(randomness).is_ok()
}
