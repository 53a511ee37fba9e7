//! What the `transactions` topic holds at one offset.

use bytes::Bytes;
use chain::parallel::Parallel;
use chain::record::{self, Judged};
use chain::{Hash, Rules, Transaction};

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

/// A record of the topic: what tells it from any other at its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: u64,
    /// When the log took it: two appends of the same bytes differ in it.
    pub append_ms: u64,
    /// Hash of its value.
    pub hash: Hash,
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

impl Mark {
    /// Of a record as it is read.
    pub fn of(record: &journal::Record) -> Mark {
        Mark {
            offset: record.offset,
            append_ms: record.append_ms,
            hash: Hash::of(&record.value),
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
            trace_id: trace_id(&record.headers),
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

/// The trace id of a sampled W3C `traceparent` (`00-<32 hex>-<16 hex>-<2 hex>`).
fn trace_id(headers: &[(String, Bytes)]) -> Option<[u8; 16]> {
    let (_, value) = headers.iter().find(|(name, _)| name == "traceparent")?;
    let mut parts = std::str::from_utf8(value).ok()?.split('-').skip(1);
    let (id, _span, flags) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    (sampled && bytes != [0; 16]).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sampled_traces_have_an_id() {
        let of = |text: &'static str| {
            trace_id(&[("traceparent".into(), Bytes::from_static(text.as_bytes()))])
        };
        assert_eq!(
            of("00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01").map(|id| id[15]),
            Some(16)
        );
        assert_eq!(
            of("00-0102030405060708090a0b0c0d0e0f10-0102030405060708-00"),
            None
        );
        assert_eq!(
            of("00-00000000000000000000000000000000-0102030405060708-01"),
            None
        );
        assert_eq!(of("rubbish"), None);
        assert_eq!(trace_id(&[]), None);
    }
}
