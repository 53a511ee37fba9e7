//! Reading leaves, which proofs show as bytes.

use super::{ALLOCATION, BLOCK, Entry, GENESIS, Leaf, NO_LEAF, RECORD, VOID};
use crate::account::{Account, KEY_BYTES};
use crate::hash::Hash;
use crate::verdict::Verdict;

/// The leaf encoded by all of these bytes.
pub(super) fn leaf(bytes: &[u8]) -> Option<Leaf> {
    let (&kind, mut rest) = bytes.split_first()?;
    let rest = &mut rest;
    let leaf = match kind {
        GENESIS => Leaf::Genesis {
            record_hash: hash(rest)?,
        },
        ALLOCATION => Leaf::Allocation {
            account: account(rest)?,
            amount: u64_be(rest)?,
            entry: entry(rest)?,
        },
        BLOCK => block(rest)?,
        RECORD => record(rest)?,
        VOID => Leaf::Void {
            height: u64_be(rest)?,
            partition: u32_be(rest)?,
            from_offset: u64_be(rest)?,
            to_offset: u64_be(rest)?,
        },
        _ => return None,
    };
    rest.is_empty().then_some(leaf)
}

fn block(rest: &mut &[u8]) -> Option<Leaf> {
    let height = u64_be(rest)?;
    let previous_hash = hash(rest)?;
    let timestamp_ms = u64_be(rest)?;
    let miner = account(rest)?;
    let paid = u64_be(rest)?;
    let entry = if paid > 0 { Some(entry(rest)?) } else { None };
    Some(Leaf::Block {
        height,
        previous_hash,
        timestamp_ms,
        miner,
        paid,
        entry,
    })
}

fn record(rest: &mut &[u8]) -> Option<Leaf> {
    let height = u64_be(rest)?;
    let partition = u32_be(rest)?;
    let offset = u64_be(rest)?;
    let record_hash = hash(rest)?;
    let verdict = Verdict::from_byte(take::<1>(rest)?[0])?;
    let included = verdict == Verdict::Included;
    let sender = if included { Some(entry(rest)?) } else { None };
    let recipient = if included && !rest.is_empty() {
        Some(entry(rest)?)
    } else {
        None
    };
    Some(Leaf::Record {
        height,
        partition,
        offset,
        record_hash,
        verdict,
        sender,
        recipient,
    })
}

fn entry(rest: &mut &[u8]) -> Option<Entry> {
    let previous = u64_be(rest)?;
    Some(Entry {
        previous: (previous != NO_LEAF).then_some(previous),
        sequence: u64_be(rest)?,
        balance: i64::from_be_bytes(take(rest)?),
    })
}

fn account(rest: &mut &[u8]) -> Option<Account> {
    let length = usize::from(take::<1>(rest)?[0]);
    if length > KEY_BYTES {
        return None;
    }
    let (bytes, left) = rest.split_at_checked(length)?;
    *rest = left;
    Account::from_bytes(bytes).ok()
}

fn hash(rest: &mut &[u8]) -> Option<Hash> {
    take(rest).map(Hash)
}

fn u32_be(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_be_bytes)
}

fn u64_be(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(u64::from_be_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}
