//! The core, driven by hand: each test is a course of inputs and the outputs that must follow.

mod order;

use bytes::Bytes;
use chain::{Hash, Transaction};
use journal::{AppendError, Appended, Completion};

use super::*;
use crate::rejection::Why;

const CHAIN: Hash = Hash([7; 32]);
const DEADLINE_MS: u64 = 10_000;

/// A core, its clock, and what it has said.
struct Bench {
    core: Core<u32>,
    now: Now,
}

/// What the core said, shortened: tokens, tickets and names.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Append(u64),
    Accepted(u32, Option<u64>),
    Refused(u32, &'static str),
    Healthy,
    Untried,
    Unhealthy,
    Stray(u64),
    Behind(Option<u32>),
    Drained,
}

fn named(memo: &str) -> Transaction {
    Transaction {
        sender: Bytes::from_static(b"alice"),
        memo: memo.to_owned(),
        ..Transaction::default()
    }
}

fn sealed(nonce: u64) -> Content {
    let transaction = Transaction {
        nonce,
        ..named("hi")
    };
    Content::Sealed(Box::new(Sealed {
        id: transaction.id(&CHAIN),
        record: transaction.encode(),
        transaction,
    }))
}

fn unnumbered(memo: &str) -> Content {
    Content::Unnumbered(Box::new(named(memo)))
}

fn short(why: &Why) -> &'static str {
    match why {
        Why::LogUnavailable(_) => "LOG_UNAVAILABLE",
        Why::LogBehind { .. } => "DATA_LOSS",
        Why::ShuttingDown => "SHUTTING_DOWN",
        Why::OutcomeUnknown(_) => "OUTCOME_UNKNOWN",
        Why::EarlierGivenUp { .. } => "EARLIER_GIVEN_UP",
        Why::Overtaken { .. } => "OVERTAKEN",
        other => panic!("{other:?} is not the core's to say"),
    }
}

impl Bench {
    fn new() -> Self {
        let now = Now {
            clock_us: 1_000_000,
            elapsed_ms: 0,
        };
        Self {
            core: Core::new(CHAIN, 2),
            now,
        }
    }

    fn at(&mut self, elapsed_ms: u64) -> &mut Self {
        self.now.elapsed_ms = elapsed_ms;
        self
    }

    fn raw(&mut self, input: Input<u32>) -> Vec<Output<u32>> {
        let mut out = Vec::new();
        self.core.step(self.now, input, &mut out);
        out
    }

    fn step(&mut self, input: Input<u32>) -> Vec<Said> {
        let said = |output| match output {
            Output::Append { token, .. } => Said::Append(token),
            Output::Reply { ticket, outcome } => match outcome {
                Ok(receipt) => Said::Accepted(ticket, receipt.appended.offset),
                Err(rejection) => Said::Refused(ticket, short(&rejection.why)),
            },
            Output::Health(Health::Appends) => Said::Healthy,
            Output::Health(Health::Fails(_)) => Said::Unhealthy,
            Output::Health(Health::Untried) => Said::Untried,
            Output::Stray { offset, .. } => Said::Stray(offset),
            Output::Behind(frontier) => Said::Behind(frontier.map(|it| it.partition)),
            Output::Drained => Said::Drained,
        };
        self.raw(input).into_iter().map(said).collect()
    }

    fn submit(&mut self, tickets: &[u32]) -> Vec<Said> {
        let submissions = tickets
            .iter()
            .map(|ticket| self.submission(*ticket, sealed(u64::from(*ticket))));
        let submissions = submissions.collect();
        self.step(Input::Submit(submissions))
    }

    fn submission(&self, ticket: u32, content: Content) -> Submission<u32> {
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

    fn number(&mut self, memo: &str) -> u64 {
        let submission = self.submission(0, unnumbered(memo));
        self.raw(Input::Submit(vec![submission]));
        self.nonce_of_last()
    }

    fn nonce_of_last(&self) -> u64 {
        self.core.numbers.last()
    }

    /// Partition, cursor and end of the log.
    fn cursors(&mut self, frontiers: &[(u32, u64, u64)]) -> Vec<Said> {
        let frontier = |(partition, cursor, end): &(u32, u64, u64)| Frontier {
            partition: *partition,
            cursor: *cursor,
            end: *end,
        };
        let frontiers = frontiers.iter().map(frontier).collect();
        self.step(Input::Cursors(frontiers))
    }

    fn complete(&mut self, results: Vec<(u64, Result<Appended, AppendError>)>) -> Vec<Said> {
        let completions = results.into_iter();
        let completions = completions.map(|(token, result)| Completion { token, result });
        let completions = completions.collect();
        self.step(Input::Completed(completions))
    }
}

fn landed(offset: u64) -> Result<Appended, AppendError> {
    Ok(Appended {
        offset: Some(offset),
        append_ms: 1,
    })
}

fn retryable() -> Result<Appended, AppendError> {
    Err(AppendError::Retryable("no leader".into()))
}

#[test]
fn a_durable_record_is_acknowledged_as_it_was_recorded() {
    let mut bench = Bench::new();
    let submission = bench.submission(9, unnumbered("hi"));
    let out = bench.raw(Input::Submit(vec![submission]));
    let [Output::Append { token, entry }] = &out[..] else {
        panic!("{out:?}")
    };
    assert_eq!(entry.key.as_deref(), Some(&b"alice"[..]));
    let recorded = Transaction::decode(&entry.value).unwrap();
    assert_eq!((recorded.nonce, &*recorded.memo), (1_000_000, "hi"));
    let completion = Completion {
        token: *token,
        result: landed(3),
    };
    let out = bench.raw(Input::Completed(vec![completion]));
    let [
        Output::Reply {
            ticket: 9,
            outcome: Ok(receipt),
        },
    ] = &out[..]
    else {
        panic!("{out:?}")
    };
    assert_eq!(receipt.transaction, recorded);
    assert_eq!(receipt.id, recorded.id(&CHAIN));
    assert_eq!(receipt.appended.offset, Some(3));
    assert_eq!(bench.core.in_flight(), 0);
}

#[test]
fn nonces_follow_the_clock_and_never_repeat() {
    let mut bench = Bench::new();
    assert_eq!(bench.number("a"), 1_000_000);
    assert_eq!(bench.number("b"), 1_000_001);
    bench.now.clock_us = 2_000_000;
    assert_eq!(bench.number("c"), 2_000_000);
    // The clock was set back.
    bench.now.clock_us = 5;
    assert_eq!(bench.number("d"), 2_000_001);
}

#[test]
fn an_outcome_without_an_offset_is_one() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    let unnamed = Ok(Appended {
        offset: None,
        append_ms: 0,
    });
    assert_eq!(
        bench.complete(vec![(0, unnamed)]),
        [Said::Accepted(1, None)]
    );
}

#[test]
fn what_was_not_persisted_is_appended_again_in_order() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2, 3]);
    assert_eq!(
        bench.complete(vec![(1, retryable()), (0, retryable()), (2, retryable())]),
        [Said::Unhealthy]
    );
    // What comes now waits behind them.
    assert_eq!(bench.at(1).submit(&[4]), []);
    assert_eq!(bench.core.wake_ms(), Some(20));
    let again = bench.at(20).step(Input::Tick);
    let appends = [0, 1, 2, 3].map(Said::Append);
    assert_eq!(again, appends);
    assert_eq!(bench.submit(&[5]), [Said::Append(4)]);
}

#[test]
fn a_nonce_chosen_here_is_chosen_anew_when_the_first_try_was_not_persisted() {
    let mut bench = Bench::new();
    bench.number("a");
    bench.number("b");
    bench.complete(vec![(0, retryable()), (1, landed(0))]);
    let out = bench.at(20).raw(Input::Tick);
    let [Output::Append { token: 0, entry }] = &out[..] else {
        panic!("{out:?}")
    };
    // Else the chain would refuse it: the later one has a higher nonce and is in the log.
    assert_eq!(Transaction::decode(&entry.value).unwrap().nonce, 1_000_002);
}

#[test]
fn pauses_grow_and_end_with_a_success() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    for pause in [20, 40, 80, 160, 320, 640, 1000, 1000] {
        let now = bench.now.elapsed_ms;
        bench.complete(vec![(0, retryable())]);
        assert_eq!(bench.core.wake_ms(), Some(now + pause));
        assert_eq!(bench.at(now + pause).step(Input::Tick), [Said::Append(0)]);
    }
    bench.complete(vec![(0, landed(0))]);
    bench.submit(&[2]);
    let now = bench.now.elapsed_ms;
    bench.complete(vec![(1, retryable())]);
    assert_eq!(bench.core.wake_ms(), Some(now + 20));
}

#[test]
fn a_full_queue_is_no_failure() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    let full = || Err(AppendError::Full);
    assert_eq!(bench.complete(vec![(0, full()), (1, full())]), []);
    assert_eq!(bench.core.wake_ms(), Some(backoff::FULL_MS));
    let again = bench.at(backoff::FULL_MS).step(Input::Tick);
    assert_eq!(again, [Said::Append(0), Said::Append(1)]);
}

#[test]
fn partitions_do_not_wait_for_each_other() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    bench.complete(vec![(0, retryable())]);
    let other = Submission {
        partition: 1,
        ..bench.submission(2, sealed(1))
    };
    assert_eq!(bench.step(Input::Submit(vec![other])), [Said::Append(1)]);
}

#[test]
fn failures_say_what_is_known() {
    let unknown = || Err(AppendError::Unknown("connection lost".into()));
    let terminal = || Err(AppendError::Terminal("not authorised".into()));
    for (result, expected) in [
        (unknown(), "OUTCOME_UNKNOWN"),
        (terminal(), "LOG_UNAVAILABLE"),
    ] {
        let mut bench = Bench::new();
        bench.submit(&[1]);
        let said = bench.complete(vec![(0, result)]);
        assert!(said.contains(&Said::Refused(1, expected)), "{said:?}");
        assert_eq!(bench.core.in_flight(), 0);
    }
}

#[test]
fn a_try_that_would_end_after_the_deadline_is_not_begun() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    let patience = DEADLINE_MS / 2 - 100;
    let said = bench.at(patience).complete(vec![(0, retryable())]);
    assert_eq!(said, [Said::Unhealthy]);
    assert_eq!(bench.at(patience + 20).step(Input::Tick), [Said::Append(0)]);
    let said = bench.at(2 * patience + 20).complete(vec![(0, retryable())]);
    assert_eq!(said, [Said::Refused(1, "LOG_UNAVAILABLE"), Said::Untried]);
}

#[test]
fn an_unknown_outcome_names_the_transaction() {
    let mut bench = Bench::new();
    let submission = bench.submission(1, unnumbered("hi"));
    bench.raw(Input::Submit(vec![submission]));
    let out = bench.at(DEADLINE_MS).raw(Input::Tick);
    let [
        Output::Reply {
            outcome: Err(rejection),
            ..
        },
        ..,
    ] = &out[..]
    else {
        panic!("{out:?}")
    };
    let names = rejection.names.as_ref().unwrap();
    let sent = Transaction {
        nonce: names.nonce,
        ..named("hi")
    };
    assert_eq!((names.nonce, names.id), (1_000_000, sent.id(&CHAIN)));
}

#[test]
fn a_deadline_says_what_is_known() {
    type Course = fn(&mut Bench);
    let on_the_way: Course = |bench| {
        assert_eq!(bench.at(DEADLINE_MS - 1).step(Input::Tick), []);
    };
    let never_persisted: Course = |bench| {
        bench.at(1).complete(vec![(0, retryable())]);
        bench.at(DEADLINE_MS - 10).step(Input::Tick);
        bench.at(DEADLINE_MS - 6).complete(vec![(0, retryable())]);
    };
    let below_the_cursor: Course = |bench| {
        bench.cursors(&[(0, 100, 100)]);
        bench.complete(vec![(0, retryable())]);
        bench.at(20).step(Input::Tick);
        bench.complete(vec![(0, landed(4))]);
    };
    for (course, expected) in [
        (on_the_way, "OUTCOME_UNKNOWN"),
        (never_persisted, "LOG_UNAVAILABLE"),
        (below_the_cursor, "DATA_LOSS"),
    ] {
        let mut bench = Bench::new();
        bench.submit(&[1]);
        course(&mut bench);
        let said = bench.at(DEADLINE_MS).step(Input::Tick);
        assert!(
            said.contains(&Said::Refused(1, expected)),
            "{expected}: {said:?}"
        );
        // The log's own answer comes too late, and surprises nobody.
        assert_eq!(bench.complete(vec![(0, landed(7))]), []);
        assert_eq!(bench.core.wake_ms(), None);
    }
}

#[test]
fn what_lands_below_the_cursor_is_appended_again() {
    let mut bench = Bench::new();
    bench.cursors(&[(0, 10, 10), (1, 99, 99), (7, 1, 1)]);
    bench.submit(&[1]);
    assert_eq!(bench.complete(vec![(0, landed(9))]), [Said::Stray(9)]);
    assert_eq!(bench.at(20).step(Input::Tick), [Said::Append(0)]);
    assert_eq!(
        bench.complete(vec![(0, landed(10))]),
        [Said::Accepted(1, Some(10))]
    );
}

#[test]
fn a_block_may_be_faster_than_the_acknowledgement() {
    let mut bench = Bench::new();
    bench.cursors(&[(0, 10, 10)]);
    bench.submit(&[1]);
    // The record is consumed before the log's answer arrives.
    bench.cursors(&[(0, 11, 11)]);
    assert_eq!(
        bench.complete(vec![(0, landed(10))]),
        [Said::Accepted(1, Some(10))]
    );
}

#[test]
fn the_last_answer_of_a_ledger_counts() {
    let mut bench = Bench::new();
    bench.cursors(&[(0, 10, 10)]);
    bench.cursors(&[(0, 3, 10)]);
    bench.submit(&[1]);
    assert_eq!(
        bench.complete(vec![(0, landed(5))]),
        [Said::Accepted(1, Some(5))]
    );
}

#[test]
fn a_cursor_beyond_the_end_of_the_log_stops_appends_until_it_is_taken_back() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    bench.complete(vec![(0, retryable())]);
    let said = bench.cursors(&[(0, 1 << 63, 7), (1, 3, 3)]);
    assert_eq!(said, [Said::Refused(1, "DATA_LOSS"), Said::Behind(Some(0))]);
    // At once, and nothing is appended.
    assert_eq!(bench.submit(&[3]), [Said::Refused(3, "DATA_LOSS")]);
    let other = Submission {
        partition: 1,
        ..bench.submission(4, sealed(4))
    };
    let other = bench.step(Input::Submit(vec![other]));
    assert_eq!(other, [Said::Append(2)], "of another partition");
    assert_eq!(
        bench.complete(vec![(1, landed(7))]),
        [Said::Healthy, Said::Accepted(2, Some(7))],
        "it was on its way before"
    );
    assert_eq!(bench.at(20).step(Input::Tick), []);
    assert_eq!(bench.cursors(&[(0, 8, 8), (1, 3, 3)]), [Said::Behind(None)]);
    assert_eq!(bench.submit(&[5]), [Said::Append(3)]);
}

#[test]
fn a_record_that_strays_is_appended_again_a_few_times_only() {
    let mut bench = Bench::new();
    bench.cursors(&[(0, 100, 100)]);
    bench.submit(&[1]);
    let mut appends = 1;
    let ended = loop {
        let said = bench.complete(vec![(0, landed(appends))]);
        if said.len() > 1 {
            break said;
        }
        let now = bench.now.elapsed_ms;
        let wake = bench.core.wake_ms().unwrap();
        assert!(wake > now, "with a pause");
        assert_eq!(bench.at(wake).step(Input::Tick), [Said::Append(0)]);
        appends += 1;
    };
    assert_eq!(appends, 9);
    assert!(ended.contains(&Said::Refused(1, "DATA_LOSS")), "{ended:?}");
}

#[test]
fn shutdown_answers_what_is_in_flight_and_takes_no_more() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    assert_eq!(bench.step(Input::Shutdown), []);
    assert_eq!(bench.submit(&[3]), [Said::Refused(3, "SHUTTING_DOWN")]);
    assert_eq!(
        bench.complete(vec![(0, landed(0))]),
        [Said::Accepted(1, Some(0))]
    );
    assert_eq!(
        bench.complete(vec![(1, landed(1))]),
        [Said::Accepted(2, Some(1)), Said::Drained]
    );
    assert_eq!(bench.step(Input::Tick), []);
}

#[test]
fn an_idle_core_shuts_down_at_once() {
    assert_eq!(Bench::new().step(Input::Shutdown), [Said::Drained]);
}
