//! The work rule: a weighted-target moving average over 64 blocks.

use crypto_bigint::{CheckedMul, NonZero, U256};

use super::compact::{compact, target};
use crate::genesis::Genesis;

/// N: the number of blocks in the average.
const WINDOW: u128 = 64;
/// The target never falls below 2^64.
const LEAST_TARGET: U256 = U256::from_u128(1 << 64);

/// The bits of the block at `height`, given its parent's bits and the time from the block before
/// its parent to the parent (`solved_ms`).
pub(crate) fn next_bits(genesis: &Genesis, height: u64, parent_bits: u32, solved_ms: u64) -> u32 {
    // Block 2's parent follows block 0, whose time is not a measure of work.
    if genesis.target_block_ms == 0 || height <= 2 {
        return genesis.bits;
    }
    let easiest = wide(genesis.bits);
    let interval = u128::from(genesis.target_block_ms);
    let window = NonZero::new(U256::from_u128(WINDOW * interval));
    let window = window.expect("the interval is not 0 here");
    let (unit, _) = wide(parent_bits).div_rem_vartime(&window);
    let factor = WINDOW * interval + u128::from(solved_ms) - interval;
    let moved: Option<U256> = CheckedMul::checked_mul(&unit, &U256::from_u128(factor)).into();
    let next = moved.unwrap_or(easiest).min(easiest).max(LEAST_TARGET);
    compact(&next.to_be_bytes().into())
}

fn wide(bits: u32) -> U256 {
    U256::from_be_slice(&target(bits).expect("bits on the chain have a target"))
}
