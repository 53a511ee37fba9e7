//! The search for a nonce: one SHA-256 compression per try.
//!
//! A header fills two 64-byte blocks of SHA-256 and 28 bytes of a third. The nonce lies in the third, so
//! the first two are hashed once (the midstate), and a try hashes the third alone. The library chooses
//! the instructions (SHA-NI where there are) at run time.

use sha2::block_api::compress256;

use super::compact::target;
use crate::header::{self, Header};

/// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const BLOCK: usize = 64;
/// Bytes of the header in the third block.
const TAIL: usize = header::BYTES - 2 * BLOCK;
/// Range of the nonce in the third block.
const NONCE: std::ops::Range<usize> = TAIL - 8..TAIL;

const _: () = assert!(TAIL + 1 + 8 <= BLOCK, "the padding fits the third block");

/// A search for the nonce of one header. Cheap to copy to every thread.
#[derive(Clone, Debug)]
pub struct Work {
    midstate: [u32; 8],
    last: [u8; BLOCK],
    target: [u32; 8],
}

impl Work {
    /// Prepares the search: the first two blocks are hashed once.
    pub fn new(header: &Header) -> Work {
        let bytes = header.to_bytes();
        let (blocks, tail) = bytes.as_chunks::<BLOCK>();
        let mut midstate = INITIAL;
        compress256(&mut midstate, blocks);
        let mut last = [0; BLOCK];
        last[..TAIL].copy_from_slice(tail);
        last[TAIL] = 0x80;
        let bit_length = header::BYTES as u64 * 8;
        last[BLOCK - 8..].copy_from_slice(&bit_length.to_be_bytes());
        Work {
            midstate,
            last,
            target: words(&target(header.bits).unwrap_or([0; 32])),
        }
    }

    /// Tries `tries` nonces from `start_nonce` on (wrapping at 2^64), and returns the first that meets the target.
    pub fn search(&self, start_nonce: u64, tries: u64) -> Option<u64> {
        let mut block = [self.last];
        let mut nonce = start_nonce;
        for _ in 0..tries {
            block[0][NONCE].copy_from_slice(&nonce.to_be_bytes());
            let mut state = self.midstate;
            compress256(&mut state, &block);
            // The first word refuses nearly all.
            if state[0] <= self.target[0] && state <= self.target {
                return Some(nonce);
            }
            nonce = nonce.wrapping_add(1);
        }
        None
    }
}

fn words(bytes: &[u8; 32]) -> [u32; 8] {
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_be_bytes(words[i]))
}
