//! What the `transactions` topic holds at one offset.

use bytes::Bytes;
use chain::parallel::Parallel;
use chain::record::{self, Judged};
use chain::{Hash, Rules, Transaction};
use follow::partition::Mark;
use journal::trace::sampled;

/// One record as the topic holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its offset.
    pub offset: u64,
    /// When the log took it.
    pub append_ms: u64,
    /// Hash of its value.
    pub hash: Hash,
    /// Its value.
    pub value: Bytes,
    /// The id of the transaction, if no rule that needs no chain refuses it (its signature is good): only then may it be found by
    /// the id, which anybody can copy. Not known of records that are only read to be audited.
    pub id: Option<Hash>,
    /// Trace id of the submission, if it was traced.
    pub trace_id: Option<[u8; 16]>,
}

/// A batch of facts.
#[derive(Debug)]
pub struct Facts {
    /// In offset order.
    pub records: Vec<Fact>,
    /// Every record below this offset has been read.
    pub next: u64,
    /// End of the partition as last known.
    pub end: u64,
    /// Room in the reader's window.
    pub permit: Option<journal::Permit>,
}

impl Facts {
    /// For the audit: hashes only.
    pub fn hashed(batch: journal::Batch) -> Facts {
        let records = batch
            .records
            .into_iter()
            .map(|record| Fact::new(record, None))
            .collect();
        Facts {
            records,
            next: batch.next,
            end: batch.end,
            permit: batch.permit,
        }
    }

    /// For the queue too: signatures are checked, on all cores. `seed` must be unpredictable.
    pub fn checked(
        batch: journal::Batch,
        rules: &Rules,
        seed: [u8; 32],
        parallel: &dyn Parallel,
    ) -> Facts {
        let values = batch
            .records
            .iter()
            .map(|record| record.value.clone())
            .collect();
        let checked = record::check_all(values, rules, seed, parallel);
        let records = batch
            .records
            .into_iter()
            .zip(checked)
            .map(|(record, checked)| Fact::new(record, Some(&checked)))
            .collect();
        Facts {
            records,
            next: batch.next,
            end: batch.end,
            permit: batch.permit,
        }
    }
}

impl Fact {
    fn new(record: journal::Record, checked: Option<&record::Record>) -> Fact {
        let id = checked.and_then(|checked| match checked.judged() {
            Judged::Good(transfer) => Some(transfer.id),
            Judged::Refused(_) => None,
        });
        Fact {
            offset: record.offset,
            append_ms: record.append_ms,
            hash: Hash::of(&record.value),
            id,
            trace_id: sampled(&record.headers).map(|trace| trace.trace_id),
            // Its own copy: a slice would keep the whole fetch it came in alive.
            value: Bytes::copy_from_slice(&record.value),
        }
    }

    /// What tells it from any other record at its offset.
    pub fn mark(&self) -> Mark {
        Mark {
            offset: self.offset,
            append_ms: self.append_ms,
            hash: self.hash,
        }
    }

    /// The id, whether the signature is good or not.
    pub fn claimed_id(&self, chain_id: &Hash) -> Option<Hash> {
        self.id
            .or_else(|| Some(Transaction::decode(&self.value).ok()?.id(chain_id)))
    }
}
