//! The spans of what is mined: across both topics, from the record's context to the one that the block's record carries.
//!
//! ```text
//!  record's context ─▶ process ─┬▶ seal                      one for each attempt
//!                               └▶ publish ─▶ block's header
//! ```
//!
//! A record is processed until its block is on the chain or somebody else has sealed it; an attempt that loses leaves a
//! `seal` that says so, and the next one is made below the same `process`. Where nothing is sampled, nothing is made.

use std::collections::BTreeMap;

use bytes::Bytes;
use chain::record::Judged;
use chain::{Header, Record};
use journal::{AppendError, Appended, Batch, Journal};
use kit::TraceContext;
use kit::messaging::{self, Operation, Topic};
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};
use tracing::Span;

use crate::core::Check;

/// Height of the block that is made.
const HEIGHT: &str = "blocklog.block.height";
/// What became of an attempt: `won` or `lost`.
const OUTCOME: &str = "blocklog.block.outcome";
/// Records that no block will include.
const REFUSED: &str = "blocklog.records.refused";
/// Tries that the work took.
const TRIES: &str = "blocklog.block.tries";

/// Headers of a record.
pub(super) type Headers = Vec<(String, Bytes)>;

/// The spans of the block that is being made.
pub(super) struct Traces {
    transactions: Topic,
    blockchain: Topic,
    /// By the context that the record carries: those of one batch share it.
    records: BTreeMap<Bytes, Traced>,
    /// Of the block as a whole.
    block: Span,
}

/// A context that records of the block carry.
struct Traced {
    process: Span,
    /// What is done with it now.
    step: Span,
}

impl Traces {
    pub(super) fn new(journal: &Journal) -> Traces {
        let topic = |name| Topic {
            system: journal.system(),
            name: journal.topic_name(name),
        };
        Traces {
            transactions: topic(TRANSACTIONS),
            blockchain: topic(BLOCKCHAIN),
            records: BTreeMap::new(),
            block: Span::none(),
        }
    }

    /// The `transactions` topic.
    pub(super) fn transactions(&self) -> &Topic {
        &self.transactions
    }

    /// A block is being sealed. `headers`: the contexts of what is in it.
    pub(super) fn sealing(&mut self, header: &Header, records: usize, headers: &Headers) {
        let mut before = std::mem::take(&mut self.records);
        if headers.is_empty() {
            self.block = Span::none();
            return;
        }
        for one in headers.chunks(1) {
            let process = match before.remove(&one[0].1) {
                Some(traced) => traced.process,
                None => self.process(header, &TraceContext::from_headers(one)),
            };
            let step = messaging::step("seal", &TraceContext::of(&process));
            messaging::set(&step, HEIGHT, messaging::count(header.height));
            let traced = Traced { process, step };
            self.records.insert(one[0].1.clone(), traced);
        }
        let contexts: Vec<_> = self.records.values().map(Traced::context).collect();
        self.block = messaging::batch_step("seal block", records, &contexts);
        messaging::set(&self.block, HEIGHT, messaging::count(header.height));
    }

    fn process(&self, header: &Header, context: &TraceContext) -> Span {
        let operation = Operation::Process("process");
        let span = self.transactions.span(operation, context);
        messaging::set_position(&span, header.partition, None);
        span
    }

    /// The nonce has been found.
    pub(super) fn sealed(&mut self, tries: u64) {
        for traced in self.records.values() {
            messaging::set(&traced.step, TRIES, messaging::count(tries));
        }
        messaging::set(&self.block, TRIES, messaging::count(tries));
    }

    /// The block is appended: the headers of its record lead on from here.
    pub(super) fn proposing(&mut self, headers: Headers) -> Headers {
        self.block = Span::none();
        let mut onward = Vec::with_capacity(headers.len());
        for header in headers {
            match self.records.get_mut(&header.1) {
                Some(traced) => {
                    traced.step = Span::none();
                    let publish = self.blockchain.span(Operation::Publish, &traced.context());
                    let mut one = Vec::with_capacity(1);
                    TraceContext::of(&publish).inject_headers(&mut one);
                    onward.extend(one.into_iter().take(1));
                    traced.step = publish;
                }
                None => onward.push(header),
            }
        }
        onward
    }

    /// What the log says of it.
    pub(super) fn appended(&mut self, result: &Result<Appended, AppendError>) {
        for traced in self.records.values_mut() {
            match result {
                Ok(appended) => {
                    let offset = appended.offset;
                    messaging::set_position(&traced.step, BLOCKCHAIN_PARTITION, offset);
                }
                Err(error) => messaging::fail(&traced.step, error),
            }
            traced.step = Span::none();
        }
    }

    /// The block is on the chain. It may be read back before the log has said where it was appended.
    pub(super) fn won(&mut self, offset: u64) {
        for traced in self.records.values() {
            messaging::set_position(&traced.step, BLOCKCHAIN_PARTITION, Some(offset));
        }
        self.say("won");
        self.clear();
    }

    /// Another one took its place; the records are tried again, if they were not in that one.
    pub(super) fn lost(&mut self) {
        self.say("lost");
        messaging::set(&self.block, OUTCOME, "lost");
        for traced in self.records.values_mut() {
            traced.step = Span::none();
        }
        self.block = Span::none();
    }

    fn say(&self, outcome: &'static str) {
        for traced in self.records.values() {
            messaging::set(&traced.step, OUTCOME, outcome);
            messaging::set(&traced.process, OUTCOME, outcome);
        }
    }

    /// No block is being made: somebody else has sealed what was in the last one.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.block = Span::none();
    }
}

impl Traced {
    fn context(&self) -> TraceContext {
        TraceContext::of(&self.process)
    }
}

/// Links what has been read to the traces that it belongs to.
pub(super) fn polled(topic: &Topic, partition: u32, batch: &Batch) {
    let carries = |(name, _): &(String, Bytes)| name == kit::trace::HEADERS[0];
    let traced = batch
        .records
        .iter()
        .filter(|r| r.headers.iter().any(carries));
    let contexts = traced.map(|record| TraceContext::from_headers(&record.headers));
    let contexts: Vec<_> = contexts.take(messaging::MAX_LINKS).collect();
    let span = topic.batch(Operation::Poll, batch.records.len(), &contexts);
    messaging::set_position(&span, partition, None);
}

/// Records are being held against the rules that need no chain: signatures, which are most of the work.
pub(super) fn evaluating(check: &Check) -> Span {
    let contexts = check.traces.chunks(1).map(TraceContext::from_headers);
    let contexts: Vec<_> = contexts.collect();
    let span = messaging::batch_step("evaluate", check.offsets.len(), &contexts);
    messaging::set_position(&span, check.partition, None);
    span
}

/// That is done.
pub(super) fn evaluated(span: Span, records: &[Record]) {
    if !span.is_disabled() {
        let refused = |record: &&Record| matches!(record.judged(), Judged::Refused(_));
        let refused = records.iter().filter(refused).count();
        messaging::set(&span, REFUSED, messaging::count(refused as u64));
    }
}
