//! Replays of a chain that is in memory: with everything checked, and on trust.

use std::hint::black_box;

use anyhow::{Result, ensure};
use bytes::Bytes;
use chain::Hash;
use chain::parallel::Parallel as _;
use follow::Settings;
use journal::Record;
use parallel::Rayon;
use sha2::{Digest as _, Sha256};

use crate::apply::bare;
use crate::history::History;
use crate::report::{Report, timed};

const BLOCKS: usize = 20;
const BLOCK_RECORDS: usize = 10_000;
/// Bytes of the leaf of an included transfer between two accounts, with the prefix of a leaf.
const LEAF_BYTES: usize = 1 + 54 + 48;
/// Bytes that a node of the log hashes.
const NODE_BYTES: usize = 1 + 64;
/// Records hashed by one core in one go.
const SLICE: usize = 1_000;

/// Prints the ratios, both for all cores.
pub fn run(report: &mut Report) -> Result<()> {
    let mut history = History::new()?;
    history.extend(BLOCKS, BLOCK_RECORDS)?;
    let count = history.records.len() as u64;
    report.compare(
        "replay, all checked, over bare signatures",
        "rec",
        0.8,
        || Ok(timed(count, || bare(&history.signatures, &Rayon)).0),
        || {
            let (measured, replayed) = timed(count, || replay(&history, None));
            replayed?;
            Ok(measured)
        },
    )?;
    let tip = history.chain.tip().hash;
    report.compare(
        "replay, --assume-valid, over bare hashing",
        "rec",
        0.4,
        || Ok(timed(count, || hash(&history.records)).0),
        || {
            let (measured, replayed) = timed(count, || replay(&history, Some(tip)));
            replayed?;
            Ok(measured)
        },
    )
}

fn replay(history: &History, assume_valid: Option<Hash>) -> Result<()> {
    let settings = Settings {
        topic: "blockchain".into(),
        expected: Some(history.chain.rules().chain_id),
        assume_valid,
    };
    let append_ms = history.genesis.timestamp_ms;
    let record = |(offset, value): (u64, &Bytes)| {
        Ok(Record {
            offset,
            append_ms,
            key: None,
            value: value.clone(),
            headers: Vec::new(),
        })
    };
    let open = || Ok((0..).zip(&history.blocks).map(record));
    let core = follow::replay::replay(settings, open, |_, _| {})?;
    let reached = core.chain().map(|chain| chain.tip().hash);
    ensure!(
        reached == Some(history.chain.tip().hash),
        "the replay ends elsewhere"
    );
    Ok(())
}

/// What the format has hashed for a record: the record, its leaf, and a node of the log.
fn hash(records: &[Bytes]) {
    let slices: Vec<_> = records.chunks(SLICE).collect();
    Rayon.each(slices.len(), &|part| {
        for record in slices[part] {
            black_box(Sha256::digest(record));
            black_box(Sha256::digest(black_box([3; LEAF_BYTES])));
            black_box(Sha256::digest(black_box([1; NODE_BYTES])));
        }
    });
}
