//! Every limit of the format, with its unit. Whoever relies on one of them names it here; what follows from two limits of
//! different crates is asserted where both are seen.

use std::ops::RangeInclusive;

/// Longest record that can be a transaction, in bytes. A block carries the hash of a longer one (TOO_LARGE).
pub const MAX_TRANSACTION_BYTES: usize = 1024;
/// Longest memo, in bytes of UTF-8 (MEMO_TOO_LARGE).
pub const MAX_MEMO_BYTES: usize = 256;

/// Milliseconds by which a block's timestamp may be ahead of its append time (TOO_LATE): room for clocks that disagree.
pub const MAX_AHEAD_MS: u64 = 10_000;
/// Longest encoded header, in bytes. The longest that version 1 can make has 180; the room is for later versions.
pub const MAX_HEADER_BYTES: usize = 200;

/// Longest genesis record, in bytes: 1 MiB.
pub const MAX_GENESIS_BYTES: usize = 1 << 20;
/// Longest name of a chain, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// The time of block 0 is below this, in milliseconds since the Unix epoch: 2^53, so that every number format holds it
/// exactly.
pub const GENESIS_TIME_END_MS: u64 = 1 << 53;
/// Most partitions of `transactions`.
pub const MAX_PARTITIONS: u32 = 1024;
/// The reward of a block is below this.
pub const REWARD_END: u64 = 1 << 31;
/// Interval that the work can aim at, in milliseconds: a second to a day.
pub const TARGET_BLOCK_MS: RangeInclusive<u64> = 1_000..=86_400_000;
/// Most offsets that a genesis may let a block seal.
pub const MAX_BLOCK_RECORDS: u32 = 10_000;
/// Least block size that a genesis may set as the limit, in bytes: 64 KiB.
pub const MIN_BLOCK_BYTES: u32 = 64 << 10;
/// Greatest block size that a genesis may set as the limit, in bytes: 16 MiB.
pub const MAX_BLOCK_BYTES: u32 = 16 << 20;
/// Most that all allocations may be together: 2^62, so that rewards have room above them.
pub const MAX_ALLOCATED: u128 = 1 << 62;
/// Largest exponent of compact bits.
pub const MAX_EXPONENT: u32 = 33;
