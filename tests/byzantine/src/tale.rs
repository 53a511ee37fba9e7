//! Lies that the rules cannot see: the block carries something else than the topic holds.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use chain::Slot;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Hash, Rules, Transaction, Verdict, record};
use journal::Record;
use prost::Message as _;
use proto::chain::v1;

use crate::Ground;

/// What the block says of the first record, or of the first hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tale {
    /// The offset holds no record
    Omit,
    /// The record is another one
    Replace,
    /// A hole holds a record
    Invent,
    /// The record is too large
    Misjudge,
    /// The first two records lie the other way round
    Reorder,
}

/// What the offsets from the cursor on hold, as the tale has it.
pub fn slots(ground: &Ground, tale: Option<Tale>) -> Result<Vec<Slot<record::Record>>> {
    let rules = ground.chain.rules();
    let mut records = ground.records.clone();
    if tale == Some(Tale::Reorder) {
        let [first, second, ..] = &mut records[..] else {
            anyhow::bail!("two records are needed");
        };
        std::mem::swap(&mut first.value, &mut second.value);
    }
    let mut offset = ground.chain.cursor(ground.partition);
    let mut pending = tale;
    let mut slots = Vec::new();
    for held in &records {
        hole(held.offset - offset, &mut pending, rules, &mut slots);
        slots.push(told(held, &mut pending, rules)?);
        offset = held.offset + 1;
    }
    hole(ground.end - offset, &mut pending, rules, &mut slots);
    ensure!(
        pending.is_none(),
        "there is nothing to tell this of: {tale:?}"
    );
    Ok(slots)
}

/// Offsets without records, the first of them with an invented one.
fn hole(
    offsets: u64,
    pending: &mut Option<Tale>,
    rules: &Rules,
    slots: &mut Vec<Slot<record::Record>>,
) {
    let mut left = offsets;
    if left > 0 && *pending == Some(Tale::Invent) {
        *pending = None;
        slots.push(Slot::Record(record::check(invented(), rules)));
        left -= 1;
    }
    if left > 0 {
        slots.push(Slot::Hole(left));
    }
}

fn told(held: &Record, pending: &mut Option<Tale>, rules: &Rules) -> Result<Slot<record::Record>> {
    let honest = || Slot::Record(record::check(held.value.clone(), rules));
    let slot = match pending {
        None | Some(Tale::Invent) => return Ok(honest()),
        Some(Tale::Reorder) => honest(),
        Some(Tale::Omit) => Slot::Hole(1),
        Some(Tale::Replace) => Slot::Record(record::check(invented(), rules)),
        Some(Tale::Misjudge) => Slot::Record(too_large(Hash::of(&held.value), rules)?),
    };
    *pending = None;
    Ok(slot)
}

/// A transaction that nobody has sent.
fn invented() -> Bytes {
    let transaction = Transaction {
        sender: "nobody".into(),
        recipient: "mallory".into(),
        amount: 1000,
        nonce: 1,
        ..Transaction::default()
    };
    transaction.encode()
}

/// What a block carries for a record that is too large: read out of one that carries nothing else.
fn too_large(hash: Hash, rules: &Rules) -> Result<record::Record> {
    let block = v1::Block {
        header: Some(v1::Header {
            version: 1,
            to_offset: 1,
            previous_hash: vec![0; 32].into(),
            log_root: vec![0; 32].into(),
            ..v1::Header::default()
        }),
        records: vec![Bytes::copy_from_slice(&hash.0)],
        verdicts: vec![Verdict::TooLarge.byte()].into(),
        ..v1::Block::default()
    };
    let block = chain::block::frame(block.encode_to_vec().into())?;
    let checked = block.check(rules, Signatures::Assume, &Sequential)?;
    checked.records().first().cloned().context("it carries one")
}
