//! A block of 10 000 signed transfers: verify and apply it, against the bare signature checks.

use std::hint::black_box;

use anyhow::Result;
use bytes::Bytes;
use chain::Chain;
use chain::parallel::{Parallel, Sequential};
use chain::record::Signatures;
use ed25519_zebra::batch::{Item, Verifier};
use parallel::Rayon;

use crate::history::{History, Signed};
use crate::report::{Report, timed};

const RECORDS: usize = 10_000;
/// What the chain puts into one batch too.
const BATCH: usize = 128;

/// Prints the ratio for one core, and for all.
pub fn run(report: &mut Report) -> Result<()> {
    let mut history = History::new()?;
    let before = history.chain.clone();
    history.extend(1, RECORDS)?;
    for (name, parallel) in [
        (
            "verify and apply 10 000 records, one core",
            &Sequential as &dyn Parallel,
        ),
        ("the same, all cores", &Rayon),
    ] {
        report.compare(
            name,
            "rec",
            0.7,
            || Ok(timed(RECORDS as u64, || bare(&history.signatures, parallel)).0),
            || {
                let mut chain = before.clone();
                let value = history.blocks[1].clone();
                let (measured, applied) =
                    timed(RECORDS as u64, || apply(&mut chain, value, parallel));
                applied?;
                Ok(measured)
            },
        )?;
    }
    Ok(())
}

/// The signatures alone, in batches of the same size, on the same cores.
pub fn bare(signatures: &[Signed], parallel: &dyn Parallel) {
    let batches: Vec<_> = signatures.chunks(BATCH).collect();
    parallel.each(batches.len(), &|part| {
        let mut verifier = Verifier::new();
        for (key, signature, message) in batches[part] {
            verifier.queue(Item::from((*key, *signature, message)));
        }
        black_box(verifier.verify(rand::rng())).expect("all are good");
    });
}

fn apply(chain: &mut Chain, value: Bytes, parallel: &dyn Parallel) -> Result<()> {
    let now_ms = chain.tip().header.timestamp_ms;
    let block = chain.frame(value)?;
    let block = chain.admit(block, now_ms)?;
    let signatures = Signatures::Check {
        seed: rand::random(),
        known: &|_| false,
    };
    let block = block.check(chain.rules(), signatures, parallel)?;
    black_box(chain.apply(block, now_ms)?);
    Ok(())
}
