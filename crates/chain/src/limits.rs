//! Every limit of the format, with its unit. Other crates name these constants; relations between limits of different
//! crates are asserted where both are seen.

use std::ops::RangeInclusive;

/// Longest record that can be a transaction, in bytes. A block carries the hash of a longer one (TOO_LARGE).
pub const MAX_TRANSACTION_BYTES: usize = 1024;
/// Longest memo, in bytes of UTF-8 (MEMO_TOO_LARGE).
pub const MAX_MEMO_BYTES: usize = 256;

/// Milliseconds by which a block's timestamp may be ahead of its append time (TOO_LATE): a tolerance for clocks that disagree.
pub const MAX_AHEAD_MS: u64 = 10_000;
/// Longest encoded header, in bytes. Version 1 needs at most 180; the rest is for later versions.
pub const MAX_HEADER_BYTES: usize = 200;

/// Longest genesis record, in bytes: 1 MiB.
pub const MAX_GENESIS_BYTES: usize = 1 << 20;
/// Longest name of a chain, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// End of the range of block 0's time, in milliseconds since the Unix epoch: 2^53, so that every number format holds it
/// exactly.
pub const GENESIS_TIME_END_MS: u64 = 1 << 53;
/// Most partitions of `transactions`.
pub const MAX_PARTITIONS: u32 = 1024;
/// End of the range of a block's reward.
pub const REWARD_END: u64 = 1 << 31;
/// Range of the target interval, in milliseconds: a second to a day.
pub const TARGET_BLOCK_MS: RangeInclusive<u64> = 1_000..=86_400_000;
/// Most offsets that a genesis may let a block seal.
pub const MAX_BLOCK_RECORDS: u32 = 10_000;
/// Least limit of the block size that a genesis may set, in bytes: 64 KiB.
pub const MIN_BLOCK_BYTES: u32 = 64 << 10;
/// Greatest limit of the block size that a genesis may set, in bytes: 16 MiB.
pub const MAX_BLOCK_BYTES: u32 = 16 << 20;
/// Largest sum of all allocations: 2^62, which leaves room for rewards.
pub const MAX_ALLOCATED: u128 = 1 << 62;
/// Largest exponent of compact bits.
pub const MAX_EXPONENT: u32 = 33;
