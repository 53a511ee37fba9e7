//! The core, driven by hand.

use bytes::Bytes;
use chain::{Hash, Transaction};
use engine::{Core as _, Now, Signal};
use ingest::core::{Content, Core, Frontier, Headers, Health, Input, Output, Sealed, Submission};
use ingest::rejection::{Precondition, Unavailable, Why};
use journal::{AppendError, Appended, Completion};

pub(crate) const CHAIN: Hash = Hash([7; 32]);
pub(crate) const DEADLINE_MS: u64 = 10_000;
pub(crate) const WAKE: Input<u32> = Input::Signal(Signal::Wake);
pub(crate) const STOP: Input<u32> = Input::Signal(Signal::Stop);

/// A core and its clocks.
pub(crate) struct Bench {
    pub(crate) core: Core<u32>,
    pub(crate) now: Now,
}

/// Outputs, shortened: tokens, tickets and names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Append(u64),
    Accepted(u32, Option<u64>),
    Refused(u32, &'static str),
    Healthy,
    Untried,
    Unhealthy,
    BelowCursor(u64),
    Behind(Option<u32>),
    Drained,
}

pub(crate) fn named(memo: &str) -> Transaction {
    Transaction {
        sender: Bytes::from_static(b"alice"),
        memo: memo.to_owned(),
        ..Transaction::default()
    }
}

pub(crate) fn sealed(nonce: u64) -> Content {
    let transaction = Transaction {
        nonce,
        ..named("hi")
    };
    Content::Sealed(Box::new(Sealed {
        id: transaction.id(&CHAIN).unwrap(),
        record: transaction.encode(),
        transaction,
    }))
}

pub(crate) fn unnumbered(memo: &str) -> Content {
    Content::Unnumbered(Box::new(named(memo)))
}

pub(crate) fn reason(why: &Why) -> &'static str {
    match why {
        Why::Unavailable(Unavailable::Log(_)) => "LOG_UNAVAILABLE",
        Why::LogBehind { .. } => "DATA_LOSS",
        Why::Unavailable(Unavailable::ShuttingDown) => "SHUTTING_DOWN",
        Why::OutcomeUnknown(_) => "OUTCOME_UNKNOWN",
        Why::Unavailable(Unavailable::EarlierGivenUp { .. }) => "EARLIER_GIVEN_UP",
        Why::Precondition(Precondition::Overtaken { .. }) => "OVERTAKEN",
        other => panic!("{other:?} is no reason of the core"),
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let now = Now {
            wall_us: 1_000_000,
            elapsed_ms: 0,
        };
        Self {
            core: Core::new(CHAIN, 2),
            now,
        }
    }

    pub(crate) fn at(&mut self, elapsed_ms: u64) -> &mut Self {
        self.now.elapsed_ms = elapsed_ms;
        self
    }

    pub(crate) fn raw(&mut self, input: Input<u32>) -> Vec<Output<u32>> {
        let mut out = Vec::new();
        self.core.step(self.now, input, &mut out);
        out
    }

    pub(crate) fn step(&mut self, input: Input<u32>) -> Vec<Out> {
        let short = |output| match output {
            Output::Append { token, .. } => Out::Append(token),
            Output::Reply { ticket, outcome } => match outcome {
                Ok(receipt) => Out::Accepted(ticket, receipt.appended.offset),
                Err(rejection) => Out::Refused(ticket, reason(&rejection.why)),
            },
            Output::Health(Health::Appends) => Out::Healthy,
            Output::Health(Health::Fails(_)) => Out::Unhealthy,
            Output::Health(Health::Untried) => Out::Untried,
            Output::BelowCursor { offset, .. } => Out::BelowCursor(offset),
            Output::Behind(frontier) => Out::Behind(frontier.map(|it| it.partition)),
            Output::Drained => Out::Drained,
        };
        self.raw(input).into_iter().map(short).collect()
    }

    pub(crate) fn submit(&mut self, tickets: &[u32]) -> Vec<Out> {
        let submissions = tickets
            .iter()
            .map(|ticket| self.submission(*ticket, sealed(u64::from(*ticket))));
        let submissions = submissions.collect();
        self.step(Input::Submit(submissions))
    }

    pub(crate) fn submission(&self, ticket: u32, content: Content) -> Submission<u32> {
        Submission {
            ticket,
            partition: 0,
            content,
            above: 0,
            stream: None,
            headers: Headers::from([]),
            deadline_ms: self.now.elapsed_ms + DEADLINE_MS,
        }
    }

    /// The nonce that is chosen for an unnumbered transaction.
    pub(crate) fn number(&mut self, transaction: Transaction, above: u64) -> u64 {
        let submission = Submission {
            above,
            ..self.submission(0, Content::Unnumbered(Box::new(transaction)))
        };
        let out = self.raw(Input::Submit(vec![submission]));
        let [Output::Append { entry, .. }] = &out[..] else {
            panic!("{out:?}")
        };
        Transaction::decode(&entry.value).unwrap().nonce
    }

    /// Partition, cursor and end of the log.
    pub(crate) fn cursors(&mut self, frontiers: &[(u32, u64, u64)]) -> Vec<Out> {
        let frontier = |(partition, cursor, end): &(u32, u64, u64)| Frontier {
            partition: *partition,
            cursor: *cursor,
            end: *end,
        };
        let frontiers = frontiers.iter().map(frontier).collect();
        self.step(Input::Cursors(frontiers))
    }

    /// Reports the outcomes of appends.
    pub(crate) fn complete(
        &mut self,
        results: Vec<(u64, Result<Appended, AppendError>)>,
    ) -> Vec<Out> {
        let completions = results.into_iter();
        let completions = completions.map(|(token, result)| Completion { token, result });
        let completions = completions.collect();
        self.step(Input::Completed(completions))
    }
}

pub(crate) fn landed(offset: u64) -> Result<Appended, AppendError> {
    Ok(Appended {
        offset: Some(offset),
        append_ms: 1,
    })
}

pub(crate) fn retryable() -> Result<Appended, AppendError> {
    Err(AppendError::Retryable("no leader".into()))
}
