//! Proof of work: compact targets, the work rule, and the search for a nonce.

use crate::hash::Hash;
use crate::header::Header;

/// A search for the nonce of one header. Cheap to copy to every thread.
#[derive(Clone, Debug)]
pub struct Work {
    midstate: [u32; 8],
    last: [u8; 64],
    target: [u8; 32],
}

impl Work {
    /// Prepares the search: all but the last 64 bytes are hashed once.
    pub fn new(header: &Header) -> Work {
        let _ = header;
        todo!()
    }

    /// Tries `tries` nonces from `start_nonce` on (wrapping at 2^64), and gives the first that does.
    pub fn search(&self, start_nonce: u64, tries: u64) -> Option<u64> {
        let _ = (start_nonce, tries, &self.midstate, &self.last, &self.target);
        todo!()
    }
}

/// The target of compact `bits`, big-endian; `None` if it does not fit 256 bits.
pub fn target(bits: u32) -> Option<[u8; 32]> {
    todo!("{bits}")
}

/// A big-endian target made compact: the shortest exponent with a mantissa of at most 0x7fffff, lower
/// bits dropped.
pub fn compact(target: &[u8; 32]) -> u32 {
    todo!("{target:?}")
}

/// Whether `hash`, as a big-endian number, does not exceed the target of `bits`.
pub fn meets(hash: &Hash, bits: u32) -> bool {
    target(bits).is_some_and(|target| hash.0 <= target)
}

/// How many tries a block of these `bits` takes on average: ⌊2^256 / (target + 1)⌋, or `u128::MAX`.
pub fn expected_tries(bits: u32) -> u128 {
    todo!("{bits}")
}
