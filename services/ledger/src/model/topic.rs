//! The record of the `transactions` topic at one offset.

use bytes::Bytes;
use chain::parallel::Parallel;
use chain::record;
use chain::{Hash, Rules, Transaction};
use follow::partition::Mark;
use journal::trace::sampled;

/// One record of the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    /// Offset in the partition.
    pub offset: u64,
    /// Append time, in milliseconds since 1970.
    pub append_ms: u64,
    /// Hash of its value.
    pub hash: Hash,
    /// The bytes of the record.
    pub value: Bytes,
    /// The id of the transaction, if no stateless rule refuses it (its signature is good): only then may it be found by
    /// its id, which any sender can copy. Unknown for records that are only read for the audit.
    pub id: Option<Hash>,
    /// Trace id of the submission, if it was traced.
    pub trace_id: Option<[u8; 16]>,
}

/// A batch of records.
#[derive(Debug)]
pub struct TopicBatch {
    /// In offset order.
    pub records: Vec<TopicRecord>,
    /// Every record below this offset has been read.
    pub next: u64,
    /// End of the partition as last known.
    pub end: u64,
    /// Room taken in the reader's window, released on drop.
    pub permit: Option<journal::Permit>,
}

impl TopicBatch {
    /// Hashes a batch, for the audit.
    pub fn hashed(batch: journal::Batch) -> TopicBatch {
        TopicBatch::of(batch, |record| TopicRecord::new(record, None))
    }

    /// Hashes and checks a batch, on all cores, for the queue. `seed` must be unpredictable.
    pub fn checked(
        batch: journal::Batch,
        rules: &Rules,
        seed: [u8; 32],
        parallel: &dyn Parallel,
    ) -> TopicBatch {
        let values = batch.records.iter().map(|record| record.value.clone());
        let mut checked = record::check_all(values.collect(), rules, seed, parallel).into_iter();
        TopicBatch::of(batch, |record| {
            TopicRecord::new(record, checked.next().as_ref())
        })
    }

    fn of(batch: journal::Batch, record: impl FnMut(journal::Record) -> TopicRecord) -> TopicBatch {
        TopicBatch {
            records: batch.records.into_iter().map(record).collect(),
            next: batch.next,
            end: batch.end,
            permit: batch.permit,
        }
    }
}

impl TopicRecord {
    fn new(record: journal::Record, checked: Option<&record::Record>) -> TopicRecord {
        TopicRecord {
            offset: record.offset,
            append_ms: record.append_ms,
            hash: Hash::of(&record.value),
            id: checked.and_then(record::Record::id),
            trace_id: sampled(&record.headers).map(|trace| trace.trace_id),
            // A copy: a slice would keep the whole fetched buffer alive.
            value: Bytes::copy_from_slice(&record.value),
        }
    }

    /// Identifies the record among all that may ever be at its offset.
    pub fn mark(&self) -> Mark {
        Mark {
            offset: self.offset,
            append_ms: self.append_ms,
            hash: self.hash,
        }
    }

    /// The id, whatever its signature.
    pub fn claimed_id(&self, chain_id: &Hash) -> Option<Hash> {
        self.id
            .or_else(|| Transaction::decode(&self.value).ok()?.id(chain_id))
    }
}
