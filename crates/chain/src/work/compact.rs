//! Targets of 256 bits in the compact form of 32: an exponent byte and a mantissa of three.

use crypto_bigint::{NonZero, U256};

use crate::hash::Hash;

/// The largest mantissa of a canonical compact form. The bit above is a sign in Bitcoin's use of it.
const MAX_MANTISSA: u32 = 0x7f_ffff;

/// The target of compact `bits`: ⌊mantissa · 256^(exponent−3)⌋, big-endian; `None` if it does not fit
/// 256 bits.
pub fn target(bits: u32) -> Option<[u8; 32]> {
    let [exponent, mantissa @ ..] = bits.to_be_bytes();
    let mut target = [0; 32];
    for (i, byte) in mantissa.into_iter().enumerate() {
        // The position of this byte, counted from the little end.
        let place = usize::from(exponent).checked_sub(i + 1);
        match place {
            Some(place) if place < target.len() => target[31 - place] = byte,
            Some(_) if byte != 0 => return None,
            // A zero byte beyond 256 bits, or a byte that the floor drops.
            _ => {}
        }
    }
    Some(target)
}

/// A big-endian target made compact: the shortest exponent with a mantissa of at most 0x7fffff, lower
/// bits dropped.
pub fn compact(target: &[u8; 32]) -> u32 {
    let leading = target.iter().take_while(|b| **b == 0).count();
    let mut exponent = 32 - leading as u32;
    let digit = |i: usize| u32::from(target.get(leading + i).copied().unwrap_or(0));
    let mut mantissa = digit(0) << 16 | digit(1) << 8 | digit(2);
    if mantissa > MAX_MANTISSA {
        mantissa >>= 8;
        exponent += 1;
    }
    exponent << 24 | mantissa
}

/// True if `hash`, as a big-endian number, does not exceed the target of `bits`.
pub fn meets(hash: &Hash, bits: u32) -> bool {
    target(bits).is_some_and(|target| hash.0 <= target)
}

/// Average number of tries for a block of these `bits`: ⌊2^256 / (target + 1)⌋, at most `u128::MAX`.
///
/// ```
/// assert_eq!(chain::work::expected_tries(0x1f00ffff), 65537);
/// ```
pub fn expected_tries(bits: u32) -> u128 {
    let Some(target) = target(bits) else { return 1 };
    let target = U256::from_be_slice(&target);
    let Some(divisor) =
        Option::<NonZero<U256>>::from(NonZero::new(target.wrapping_add(&U256::ONE)))
    else {
        return 1;
    };
    // 2^256 does not fit: subtract the divisor once, and add 1 to the quotient.
    let (quotient, _) = U256::MAX.wrapping_sub(&target).div_rem_vartime(&divisor);
    let tries = quotient.saturating_add(&U256::ONE).to_be_bytes();
    let (high, low) = tries.as_ref().split_at(16);
    if high.iter().any(|b| *b != 0) {
        return u128::MAX;
    }
    u128::from_be_bytes(low.try_into().expect("half of 32 bytes"))
}
