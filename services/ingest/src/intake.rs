//! From a request to a submission: everything that can be refused without the state of the chain.
//!
//! Signatures cost most, so many requests are checked in one go: [`draft`] them, check the records together, [`admit`] them.

use bytes::Bytes;
use chain::genesis::Rules;
use chain::record::{self, Judged, Record};
use chain::{Transaction, Verdict};
use proto::ingest::v1::submit_transaction_request as submit;
use proto::ingest::v1::{SubmitTransactionRequest, check_transaction_request as check};
use proto::types::v1 as types;
use proto::wire;

use crate::core::{Content, Sealed};
use crate::rejection::{Rejection, Why};
use crate::shell::clock_us;

/// How far a nonce may lie above the clock: who counts in microseconds, with a clock that is a day off, gets through;
/// a typo that would freeze the account does not.
pub const NONCE_AHEAD_US: u64 = 24 * 60 * 60 * 1_000_000;

/// What a client hands in.
#[derive(Clone, Debug)]
pub enum Given {
    /// As people write it.
    Transaction(types::Transaction),
    /// The record itself.
    Record(Bytes),
}

/// A submission whose record has not been checked yet.
#[derive(Debug)]
pub struct Draft {
    /// What would be recorded. For an unnumbered transaction, with a nonce that takes its place.
    pub record: Bytes,
    /// What it was made from, if not from a record.
    pub transaction: Option<Transaction>,
    /// The nonce is ingest's to choose.
    pub unnumbered: bool,
    partition: Option<u32>,
}

/// A submission that no stateless rule refuses.
#[derive(Debug)]
pub struct Checked {
    /// Where it goes.
    pub partition: u32,
    /// What is to be appended.
    pub content: Content,
    /// Length of the record.
    pub bytes: usize,
}

impl Checked {
    /// The sender for whom a nonce is to be chosen.
    pub fn unnumbered_sender(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Sealed(_) => None,
            Content::Unnumbered(transaction) => Some(&transaction.sender),
        }
    }
}

/// Refuses to choose a nonce above one that a sender could not choose either.
pub fn above(last_nonce: u64) -> Result<u64, Why> {
    let limit = highest_nonce();
    match last_nonce < limit {
        true => Ok(last_nonce),
        false => Err(Why::NonceTooHigh { limit }),
    }
}

fn highest_nonce() -> u64 {
    clock_us().saturating_add(NONCE_AHEAD_US)
}

impl From<submit::Content> for Given {
    fn from(content: submit::Content) -> Self {
        match content {
            submit::Content::Transaction(transaction) => Given::Transaction(transaction),
            submit::Content::Record(record) => Given::Record(record),
        }
    }
}

impl From<check::Content> for Given {
    fn from(content: check::Content) -> Self {
        match content {
            check::Content::Transaction(transaction) => Given::Transaction(transaction),
            check::Content::Record(record) => Given::Record(record),
        }
    }
}

/// Reads a request; the record is not looked at yet.
pub fn draft(request: SubmitTransactionRequest, rules: &Rules) -> Result<Draft, Rejection> {
    if !request.chain_id.is_empty() {
        let found = wire::hash("chain_id", &request.chain_id)?;
        let expected = rules.chain_id;
        if found != expected {
            return Err(Why::WrongChain { expected, found }.into());
        }
    }
    let partitions = rules.genesis.partitions;
    if request.partition.is_some_and(|asked| asked >= partitions) {
        return Err(Why::BadPartition { partitions }.into());
    }
    let content = request.content.map(Given::from);
    let mut draft = draft_content(content)?;
    draft.partition = request.partition;
    Ok(draft)
}

/// Reads what is to be submitted, or only checked.
pub fn draft_content(content: Option<Given>) -> Result<Draft, Rejection> {
    match wire::required("content", content)? {
        Given::Record(record) => Ok(Draft {
            record,
            transaction: None,
            unnumbered: false,
            partition: None,
        }),
        Given::Transaction(given) => draft_transaction(&given),
    }
}

fn draft_transaction(given: &types::Transaction) -> Result<Draft, Rejection> {
    let mut transaction = wire::to_transaction(given)?;
    if !given.recipient.is_empty() {
        wire::required("transaction.amount", given.amount)?;
    }
    let unnumbered = given.nonce.is_none();
    if unnumbered {
        if transaction.sender.len() == chain::account::KEY_BYTES {
            return Err(Why::NonceRequired.into());
        }
        transaction.nonce = clock_us();
    }
    Ok(Draft {
        record: transaction.encode(),
        transaction: Some(transaction),
        unnumbered,
        partition: None,
    })
}

/// What the stateless rules say of the record, and what ingest says of the nonce.
pub fn judge(record: &Record, rules: &Rules) -> Result<(), Rejection> {
    let transfer = match record.judged() {
        Judged::Refused(verdict) => {
            let why = Why::Verdict(*verdict);
            return Err(match Transaction::decode(record.bytes()) {
                Ok(transaction) => Rejection::naming(why, &transaction, &rules.chain_id),
                Err(_) => why.into(),
            });
        }
        Judged::Good(transfer) => transfer,
    };
    let limit = highest_nonce();
    let why = match transfer.nonce {
        0 => Why::Verdict(Verdict::NonceTooLow),
        nonce if nonce > limit => Why::NonceTooHigh { limit },
        _ => return Ok(()),
    };
    Err(Rejection::of(why, transfer.id, transfer.nonce))
}

/// Makes a submission of a draft whose record has been checked.
pub fn admit(draft: Draft, record: &Record, rules: &Rules) -> Result<Checked, Rejection> {
    judge(record, rules).map_err(|rejection| match draft.unnumbered {
        // The nonce only held a place, so nothing has that id.
        true => rejection.why.into(),
        false => rejection,
    })?;
    let Judged::Good(transfer) = record.judged() else {
        unreachable!("a refused record is refused above")
    };
    let partition = draft.partition.unwrap_or_else(|| {
        journal::murmur2_partition(transfer.sender.as_bytes(), rules.genesis.partitions)
    });
    let transaction = match draft.transaction {
        Some(transaction) => transaction,
        None => Transaction::decode(&draft.record).expect("a good record decodes"),
    };
    let bytes = draft.record.len();
    let content = match draft.unnumbered {
        true => Content::Unnumbered(Box::new(transaction)),
        false => Content::Sealed(Box::new(Sealed {
            transaction,
            id: transfer.id,
            record: draft.record,
        })),
    };
    Ok(Checked {
        partition,
        content,
        bytes,
    })
}

/// One request, on the caller's thread: tens of microseconds.
pub fn check_one(request: SubmitTransactionRequest, rules: &Rules) -> Result<Checked, Rejection> {
    let draft = draft(request, rules)?;
    let record = record::check(draft.record.clone(), rules);
    admit(draft, &record, rules)
}

/// Many requests, with all cores and the signatures in batches. Blocks. In the order of the requests.
pub fn check_many(
    requests: Vec<SubmitTransactionRequest>,
    rules: &Rules,
) -> Vec<Result<Checked, Rejection>> {
    let drafts: Vec<_> = requests.into_iter().map(|r| draft(r, rules)).collect();
    let values = drafts.iter().flatten().map(|draft| draft.record.clone());
    let values: Vec<Bytes> = values.collect();
    let mut records =
        record::check_all(values, rules, rand::random(), &parallel::Rayon).into_iter();
    let admit_next = |draft| {
        let record = records.next().expect("one record for each draft");
        admit(draft, &record, rules)
    };
    let mut admit_next = admit_next;
    drafts
        .into_iter()
        .map(|draft| draft.and_then(&mut admit_next))
        .collect()
}
