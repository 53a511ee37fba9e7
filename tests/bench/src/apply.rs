//! A block of 10 000 signed transfers: verify and apply it, against the bare signature checks.

use std::hint::black_box;

use anyhow::{Context, Result};
use bytes::Bytes;
use chain::block::Signatures;
use chain::genesis::{Allocation, Genesis};
use chain::parallel::{Parallel, Sequential};
use chain::{Account, Chain, Draft, Secret, Transaction, assemble, record};
use ed25519_zebra::batch::{Item, Verifier};
use ed25519_zebra::{Signature, VerificationKeyBytes};
use follow::Rayon;

use crate::report::{Report, timed};

const RECORDS: usize = 10_000;
const SENDERS: usize = 100;
/// What the chain puts into one batch too.
const BATCH: usize = 128;

/// Prints the ratio for one core, and for all.
pub fn run(report: &mut Report) -> Result<()> {
    let block = Sealed::new()?;
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
            || Ok(timed(RECORDS as u64, || block.bare(parallel)).0),
            || {
                let mut chain = block.chain.clone();
                let (measured, applied) =
                    timed(RECORDS as u64, || block.apply(&mut chain, parallel));
                applied?;
                Ok(measured)
            },
        )?;
    }
    Ok(())
}

struct Sealed {
    chain: Chain,
    value: Bytes,
    append_ms: u64,
    signatures: Vec<(VerificationKeyBytes, Signature, Vec<u8>)>,
}

impl Sealed {
    fn new() -> Result<Self> {
        let secrets: Vec<Secret> = (0..SENDERS)
            .map(|i| Secret::from_seed([i as u8 + 1; 32]))
            .collect();
        let genesis = Genesis {
            allocations: secrets
                .iter()
                .map(|secret| Allocation {
                    account: secret.account(),
                    amount: 1 << 40,
                })
                .collect(),
            open: true,
            ..Genesis::default()
        };
        let (chain, _) = Chain::start(&genesis.block_zero(), 0)?;
        let miner: Account = "miner".parse()?;
        let mut signatures = Vec::new();
        let mut slots = Vec::new();
        for i in 0..RECORDS {
            let (from, to) = (&secrets[i % SENDERS], &secrets[(i * 7 + 1) % SENDERS]);
            let transaction = Transaction {
                sender: Bytes::copy_from_slice(from.account().as_bytes()),
                recipient: Bytes::copy_from_slice(to.account().as_bytes()),
                amount: 1,
                nonce: i as u64 + 1,
                memo: "invoice 2026-11-22/0815".into(),
                ..Default::default()
            };
            let message = transaction.signed_bytes(&chain.rules().chain_id);
            let signature = from.sign(&message);
            let key = *from.account().key().context("a key")?;
            signatures.push((key.into(), signature.into(), message));
            let record = transaction.sign(&chain.rules().chain_id, from).encode();
            slots.push(assemble::Slot::Record(record::check(record, chain.rules())));
        }
        let draft = Draft {
            partition: 0,
            slots,
            miner,
            timestamp_ms: genesis.timestamp_ms,
        };
        let template = chain.assemble(draft)?;
        let nonce = template.work().search(0, u64::MAX).context("a nonce")?;
        let value = template.finish(nonce, None);
        Ok(Self {
            chain,
            value,
            append_ms: genesis.timestamp_ms,
            signatures,
        })
    }

    /// The signatures alone, in batches of the same size, on the same cores.
    fn bare(&self, parallel: &dyn Parallel) {
        let batches: Vec<_> = self.signatures.chunks(BATCH).collect();
        parallel.each(batches.len(), &|part| {
            let mut verifier = Verifier::new();
            for (key, signature, message) in batches[part] {
                verifier.queue(Item::from((*key, *signature, message)));
            }
            black_box(verifier.verify(rand::rng())).expect("all are good");
        });
    }

    fn apply(&self, chain: &mut Chain, parallel: &dyn Parallel) -> Result<()> {
        let block = chain.frame(self.value.clone())?;
        chain.admit(&block, self.append_ms)?;
        let signatures = Signatures::Check {
            seed: rand::random(),
            known: &|_| false,
        };
        let block = block.check(chain.rules(), signatures, parallel)?;
        black_box(chain.apply(block, self.append_ms)?);
        Ok(())
    }
}
