//! From a request to a submission: all checks that do not need the state of the chain.
//!
//! Signatures cost most, so many requests are checked at once: all become [`Draft`]s, their records are checked together,
//! and the good ones are admitted.

use bytes::Bytes;
use chain::genesis::Rules;
use chain::record::{self, Judged, Record, Transfer};
use chain::{Transaction, Verdict};
use proto::ingest::v1::{SubmitTransactionRequest, submit_transaction_request as submit};
use proto::types::v1 as types;
use proto::wire;

use crate::core::{Content, Sealed};
use crate::rejection::{Invalid, Rejection, Why};

/// Longest lead of a nonce over the clock: nonces in microseconds by a clock that is a day off pass; a typo that would
/// freeze the account does not.
pub const NONCE_AHEAD_US: u64 = 24 * 60 * 60 * 1_000_000;

/// A submission whose record has not been checked yet.
#[derive(Debug)]
pub struct Draft {
    /// The bytes to append; for an unnumbered transaction, with a placeholder nonce.
    pub record: Bytes,
    /// The decoded record; `None` if it is no transaction.
    pub transaction: Option<Transaction>,
    /// True if ingest chooses the nonce.
    pub unnumbered: bool,
    partition: Option<u32>,
}

/// A submission that no stateless rule refuses.
#[derive(Debug)]
pub struct Checked {
    /// Partition of `transactions`.
    pub partition: u32,
    /// The content of the append.
    pub content: Content,
    /// Length of the record, in bytes.
    pub bytes: usize,
}

impl Checked {
    /// The sender for whom a nonce must be chosen.
    pub fn unnumbered_sender(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Sealed(_) => None,
            Content::Unnumbered(transaction) => Some(&transaction.sender),
        }
    }
}

/// The last nonce, unless the next would be one that a sender could not choose either.
pub fn above(last_nonce: u64, wall_us: u64) -> Result<u64, Why> {
    let limit = highest_nonce(wall_us);
    if last_nonce >= limit {
        return Err(Invalid::NonceTooHigh { limit }.into());
    }
    Ok(last_nonce)
}

fn highest_nonce(wall_us: u64) -> u64 {
    wall_us.saturating_add(NONCE_AHEAD_US)
}

impl Draft {
    /// Creates a draft of a complete record.
    pub fn of_record(record: Bytes) -> Draft {
        Draft {
            transaction: Transaction::decode(&record).ok(),
            record,
            unnumbered: false,
            partition: None,
        }
    }

    /// Creates a draft of a transaction in readable form.
    pub fn of_transaction(given: &types::Transaction, wall_us: u64) -> Result<Draft, Rejection> {
        let mut transaction = wire::to_transaction(given)?;
        if !given.recipient.is_empty() {
            wire::required("transaction.amount", given.amount)?;
        }
        let unnumbered = given.nonce.is_none();
        if unnumbered {
            if transaction.sender.len() == chain::account::KEY_BYTES {
                return Err(Rejection::new(Invalid::NonceRequired));
            }
            transaction.nonce = wall_us;
        }
        Ok(Draft {
            record: transaction.encode(),
            transaction: Some(transaction),
            unnumbered,
            partition: None,
        })
    }

    /// Creates a draft of a request to submit.
    fn of_request(
        request: SubmitTransactionRequest,
        rules: &Rules,
        wall_us: u64,
    ) -> Result<Draft, Rejection> {
        if !request.chain_id.is_empty() {
            let found = wire::hash("chain_id", &request.chain_id)?;
            let expected = rules.chain_id;
            if found != expected {
                return Err(Rejection::new(Invalid::WrongChain { expected, found }));
            }
        }
        let partitions = rules.genesis.partitions;
        if request.partition.is_some_and(|asked| asked >= partitions) {
            return Err(Rejection::new(Invalid::BadPartition { partitions }));
        }
        let mut draft = match wire::required("content", request.content)? {
            submit::Content::Transaction(given) => Draft::of_transaction(&given, wall_us)?,
            submit::Content::Record(record) => Draft::of_record(record),
        };
        draft.partition = request.partition;
        Ok(draft)
    }

    /// The verdict of the stateless rules on the record, and that of ingest on the nonce.
    pub fn judge(
        &self,
        record: &Record,
        rules: &Rules,
        wall_us: u64,
    ) -> Result<Transfer, Rejection> {
        let transfer = match record.judged() {
            Judged::Good(transfer) => *transfer,
            Judged::Refused(verdict) => {
                let why = Invalid::Verdict(*verdict);
                // A record that is too large has no id, only a hash.
                let small = *verdict != Verdict::TooLarge;
                return Err(match self.transaction.as_ref().filter(|_| small) {
                    Some(transaction) => Rejection::naming(why, transaction, &rules.chain_id),
                    None => Rejection::new(why),
                });
            }
        };
        let limit = highest_nonce(wall_us);
        let why = match transfer.nonce {
            0 => Invalid::Verdict(Verdict::NonceTooLow),
            nonce if nonce > limit => Invalid::NonceTooHigh { limit },
            _ => return Ok(transfer),
        };
        Err(Rejection::of(why, transfer.id, transfer.nonce))
    }

    /// Makes a submission of a checked record.
    fn admit(self, record: &Record, rules: &Rules, wall_us: u64) -> Result<Checked, Rejection> {
        let judged = self.judge(record, rules, wall_us);
        let transfer = judged.map_err(|rejection| match self.unnumbered {
            // The nonce was a placeholder, so this id is meaningless.
            true => rejection.why.into(),
            false => rejection,
        })?;
        let partition = self.partition.unwrap_or_else(|| {
            journal::murmur2_partition(transfer.sender.as_bytes(), rules.genesis.partitions)
        });
        let transaction = self.transaction.expect("a good record is a transaction");
        let bytes = self.record.len();
        let content = if self.unnumbered {
            Content::Unnumbered(Box::new(transaction))
        } else {
            Content::Sealed(Box::new(Sealed {
                transaction,
                id: transfer.id,
                record: self.record,
            }))
        };
        Ok(Checked {
            partition,
            content,
            bytes,
        })
    }
}

/// Checks one request, on the caller's thread: tens of microseconds.
pub fn check_one(
    request: SubmitTransactionRequest,
    rules: &Rules,
    wall_us: u64,
) -> Result<Checked, Rejection> {
    let draft = Draft::of_request(request, rules, wall_us)?;
    let record = record::check(draft.record.clone(), rules);
    draft.admit(&record, rules, wall_us)
}

/// Checks many requests, on all cores, with signatures in batches; keeps their order. Blocks.
pub fn check_many(
    requests: Vec<SubmitTransactionRequest>,
    rules: &Rules,
    wall_us: u64,
) -> Vec<Result<Checked, Rejection>> {
    let drafts: Vec<_> = requests
        .into_iter()
        .map(|request| Draft::of_request(request, rules, wall_us))
        .collect();
    let values = drafts.iter().flatten().map(|draft| draft.record.clone());
    let values: Vec<Bytes> = values.collect();
    let mut records =
        record::check_all(values, rules, rand::random(), &parallel::Rayon).into_iter();
    let mut admit_next = |draft: Draft| {
        let record = records.next().expect("one record for each draft");
        draft.admit(&record, rules, wall_us)
    };
    drafts
        .into_iter()
        .map(|draft| draft.and_then(&mut admit_next))
        .collect()
}
