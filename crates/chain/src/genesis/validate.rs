//! The rules for the record of block 0: one function per field.

use std::collections::HashSet;

use super::{Allocation, Fault, Genesis};
use crate::account::Account;
use crate::limits;
use crate::wire;
use crate::work;

/// Index (big-endian) of the byte that holds bit 128: the least target is 2^128.
const LEAST_TARGET_BYTE: usize = 15;

/// Decodes the record and checks its fields in order.
pub(super) fn decode(record: &[u8]) -> Result<Genesis, Fault> {
    if record.len() > limits::MAX_GENESIS_BYTES {
        return Err(Fault::Undecodable);
    }
    let fields = wire::Genesis::decode(record).map_err(|_| Fault::Undecodable)?;
    check_name(fields.name)?;
    check_time(fields.timestamp_ms)?;
    check_partitions(fields.partitions)?;
    check_reward(fields.reward)?;
    check_bits(fields.bits)?;
    check_interval(fields.target_block_ms)?;
    check_limits(fields.max_block_records, fields.max_block_bytes)?;
    Ok(Genesis {
        name: fields.name.to_owned(),
        timestamp_ms: fields.timestamp_ms,
        open: fields.open,
        partitions: fields.partitions,
        reward: fields.reward,
        bits: fields.bits,
        target_block_ms: fields.target_block_ms,
        max_block_records: fields.max_block_records,
        max_block_bytes: fields.max_block_bytes,
        allocations: check_allocations(&fields.allocations, fields.open)?,
        miners: check_miners(&fields.miners)?,
        admin: check_admin(fields.admin)?,
    })
}

/// format.md, "Genesis (block 0)", `name`: "`[a-z0-9][a-z0-9._-]{0,63}`".
fn check_name(name: &str) -> Result<(), Fault> {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let well_formed = name.len() <= limits::MAX_NAME_BYTES
        && name.bytes().next().is_some_and(lower)
        && name.bytes().all(|b| lower(b) || b"._-".contains(&b));
    well_formed.then_some(()).ok_or(Fault::BadName)
}

/// format.md, "Genesis (block 0)", `timestamp_ms`: "timestamp < 2^53".
fn check_time(timestamp_ms: u64) -> Result<(), Fault> {
    (timestamp_ms < limits::GENESIS_TIME_END_MS)
        .then_some(())
        .ok_or(Fault::BadTime)
}

/// format.md, "Genesis (block 0)", `partitions`: "1 to 1024".
fn check_partitions(partitions: u32) -> Result<(), Fault> {
    ((1..=limits::MAX_PARTITIONS).contains(&partitions))
        .then_some(())
        .ok_or(Fault::BadPartitions)
}

/// format.md, "Genesis (block 0)", `reward`: "below 2^31".
fn check_reward(reward: u64) -> Result<(), Fault> {
    (reward < limits::REWARD_END)
        .then_some(())
        .ok_or(Fault::BadReward)
}

/// format.md, "Genesis (block 0)", `bits`: "exponent ≤ 33, 2^128 ≤ target < 2^256, canonical: made compact, the target gives it back".
fn check_bits(bits: u32) -> Result<(), Fault> {
    let in_range = bits >> 24 <= limits::MAX_EXPONENT
        && work::target(bits).is_some_and(|target| {
            target[..=LEAST_TARGET_BYTE].iter().any(|b| *b != 0) && work::compact(&target) == bits
        });
    in_range.then_some(()).ok_or(Fault::BadBits)
}

/// format.md, "Genesis (block 0)", `target_block_ms`: "0, or 1 000 to 86 400 000".
fn check_interval(target_block_ms: u64) -> Result<(), Fault> {
    (target_block_ms == 0 || limits::TARGET_BLOCK_MS.contains(&target_block_ms))
        .then_some(())
        .ok_or(Fault::BadInterval)
}

/// format.md, "Genesis (block 0)", `max_block_records`, `max_block_bytes`: "1 to 10 000; 64 KiB to 16 MiB".
fn check_limits(records: u32, bytes: u32) -> Result<(), Fault> {
    ((1..=limits::MAX_BLOCK_RECORDS).contains(&records)
        && (limits::MIN_BLOCK_BYTES..=limits::MAX_BLOCK_BYTES).contains(&bytes))
    .then_some(())
    .ok_or(Fault::BadLimits)
}

/// format.md, "Genesis (block 0)", `allocations`: "accounts well-formed, distinct, named only if open; sum ≤ 2^62".
fn check_allocations(fields: &[(&[u8], u64)], open: bool) -> Result<Vec<Allocation>, Fault> {
    let mut seen = HashSet::new();
    let mut sum = 0;
    let mut allocations = Vec::with_capacity(fields.len());
    for &(bytes, amount) in fields {
        let account = Account::from_bytes(bytes).map_err(|_| Fault::BadAllocations)?;
        sum += u128::from(amount);
        if !(account.is_key() || open) || !seen.insert(account) || sum > limits::MAX_ALLOCATED {
            return Err(Fault::BadAllocations);
        }
        allocations.push(Allocation { account, amount });
    }
    Ok(allocations)
}

/// format.md, "Genesis (block 0)", `miners`: "keys, distinct".
fn check_miners(fields: &[&[u8]]) -> Result<Vec<Account>, Fault> {
    let mut seen = HashSet::new();
    let mut miners = Vec::with_capacity(fields.len());
    for &bytes in fields {
        match Account::from_bytes(bytes) {
            Ok(miner) if miner.is_key() && seen.insert(miner) => miners.push(miner),
            _ => return Err(Fault::BadMiners),
        }
    }
    Ok(miners)
}

/// format.md, "Genesis (block 0)", `admin`: "a key".
fn check_admin(bytes: &[u8]) -> Result<Option<Account>, Fault> {
    match Account::from_bytes(bytes) {
        _ if bytes.is_empty() => Ok(None),
        Ok(admin) if admin.is_key() => Ok(Some(admin)),
        _ => Err(Fault::BadAdmin),
    }
}
