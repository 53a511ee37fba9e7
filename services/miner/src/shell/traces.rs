//! The spans of mining: across both topics, from a record's context to the one in the block's record.
//!
//! ```text
//!  record's context ─▶ process ─┬▶ seal                      one for each attempt
//!                               └▶ publish ─▶ block's header
//! ```
//!
//! A record is processed until its block is on the chain or another miner has sealed it; an attempt that loses ends its
//! `seal` with that outcome, and the next one begins below the same `process`. Unsampled records get no spans.

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

/// Height of the block.
const HEIGHT: &str = "blocklog.block.height";
/// Outcome of an attempt: `won` or `lost`.
const OUTCOME: &str = "blocklog.block.outcome";
/// Number of records that no block will include.
const REFUSED: &str = "blocklog.records.refused";
/// Tries of the seal.
const TRIES: &str = "blocklog.block.tries";

/// Headers of a record.
pub(super) type Headers = Vec<(String, Bytes)>;

/// The spans of the block in the making.
pub(super) struct Traces {
    transactions: Topic,
    blockchain: Topic,
    /// Keyed by the context in the record; the records of one batch share it.
    records: BTreeMap<Bytes, Traced>,
    /// The span of the block as a whole.
    block: Span,
}

/// A context that is in records of the block.
struct Traced {
    process: Span,
    /// The span of the current step.
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

    /// Opens the spans of a sealing. `headers`: the contexts of its records.
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

    /// Notes the nonce.
    pub(super) fn sealed(&mut self, tries: u64) {
        for traced in self.records.values() {
            messaging::set(&traced.step, TRIES, messaging::count(tries));
        }
        messaging::set(&self.block, TRIES, messaging::count(tries));
    }

    /// Opens the spans of the append; returns the headers for the block's record.
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

    /// Notes the outcome of the append.
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

    /// Closes the spans: the block is on the chain. It may be read back before its append is acknowledged.
    pub(super) fn won(&mut self, offset: u64) {
        for traced in self.records.values() {
            messaging::set_position(&traced.step, BLOCKCHAIN_PARTITION, Some(offset));
        }
        self.say("won");
        self.clear();
    }

    /// Closes the attempt: another block won. The records that are not in that one are tried again.
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

    /// Closes all spans: another miner has sealed the records.
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

/// Links a batch that was read to the traces of its records.
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

/// Opens the span of a check against the stateless rules: mostly signatures.
pub(super) fn evaluating(check: &Check) -> Span {
    let contexts = check.traces.chunks(1).map(TraceContext::from_headers);
    let contexts: Vec<_> = contexts.collect();
    let span = messaging::batch_step("evaluate", check.offsets.len(), &contexts);
    messaging::set_position(&span, check.partition, None);
    span
}

/// Closes the span of [`evaluating`].
pub(super) fn evaluated(span: Span, records: &[Record]) {
    if !span.is_disabled() {
        let refused = |record: &&Record| matches!(record.judged(), Judged::Refused(_));
        let refused = records.iter().filter(refused).count();
        messaging::set(&span, REFUSED, messaging::count(refused as u64));
    }
}
