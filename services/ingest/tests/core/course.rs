//! Courses of inputs, and the outputs that must follow.

use chain::Transaction;
use engine::Core as _;
use ingest::core::{Input, Output, Submission};
use journal::{AppendError, Appended, Completion};

use crate::bench::{
    Bench, CHAIN, DEADLINE_MS, Out, STOP, WAKE, landed, named, retryable, sealed, unnumbered,
};

/// Pause after a full queue.
const FULL_MS: u64 = 2;

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
    assert_eq!(Some(receipt.id), recorded.id(&CHAIN));
    assert_eq!(receipt.appended.offset, Some(3));
    assert_eq!(bench.core.in_flight(), 0);
}

#[test]
fn nonces_follow_the_clock_and_never_repeat() {
    let mut bench = Bench::new();
    assert_eq!(bench.number(named("a"), 0), 1_000_000);
    assert_eq!(bench.number(named("b"), 0), 1_000_001);
    bench.now.wall_us = 2_000_000;
    assert_eq!(bench.number(named("c"), 0), 2_000_000);
    // The clock was set back.
    bench.now.wall_us = 5;
    assert_eq!(bench.number(named("d"), 0), 2_000_001);
}

#[test]
fn an_outcome_without_an_offset_is_one() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    let unnamed = Ok(Appended {
        offset: None,
        append_ms: 0,
    });
    assert_eq!(bench.complete(vec![(0, unnamed)]), [Out::Accepted(1, None)]);
}

#[test]
fn what_was_not_persisted_is_appended_again_in_order() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2, 3]);
    assert_eq!(
        bench.complete(vec![(1, retryable()), (0, retryable()), (2, retryable())]),
        [Out::Unhealthy]
    );
    // What comes now waits behind them.
    assert_eq!(bench.at(1).submit(&[4]), []);
    assert_eq!(bench.core.wake_ms(), Some(20));
    let again = bench.at(20).step(WAKE);
    let appends = [0, 1, 2, 3].map(Out::Append);
    assert_eq!(again, appends);
    assert_eq!(bench.submit(&[5]), [Out::Append(4)]);
}

#[test]
fn a_nonce_chosen_here_is_chosen_anew_when_the_first_try_was_not_persisted() {
    let mut bench = Bench::new();
    bench.number(named("a"), 0);
    bench.number(named("b"), 0);
    bench.complete(vec![(0, retryable()), (1, landed(0))]);
    let out = bench.at(20).raw(WAKE);
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
        assert_eq!(bench.at(now + pause).step(WAKE), [Out::Append(0)]);
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
    assert_eq!(bench.core.wake_ms(), Some(FULL_MS));
    let again = bench.at(FULL_MS).step(WAKE);
    assert_eq!(again, [Out::Append(0), Out::Append(1)]);
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
    assert_eq!(bench.step(Input::Submit(vec![other])), [Out::Append(1)]);
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
        let out = bench.complete(vec![(0, result)]);
        assert!(out.contains(&Out::Refused(1, expected)), "{out:?}");
        assert_eq!(bench.core.in_flight(), 0);
    }
}

#[test]
fn a_try_that_would_end_after_the_deadline_is_not_begun() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    let patience = DEADLINE_MS / 2 - 100;
    let out = bench.at(patience).complete(vec![(0, retryable())]);
    assert_eq!(out, [Out::Unhealthy]);
    assert_eq!(bench.at(patience + 20).step(WAKE), [Out::Append(0)]);
    let out = bench.at(2 * patience + 20).complete(vec![(0, retryable())]);
    assert_eq!(out, [Out::Refused(1, "LOG_UNAVAILABLE"), Out::Untried]);
}

#[test]
fn an_unknown_outcome_names_the_transaction() {
    let mut bench = Bench::new();
    let submission = bench.submission(1, unnumbered("hi"));
    bench.raw(Input::Submit(vec![submission]));
    let out = bench.at(DEADLINE_MS).raw(WAKE);
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
    assert_eq!(names.nonce, 1_000_000);
    assert_eq!(Some(names.id), sent.id(&CHAIN));
}

#[test]
fn a_deadline_says_what_is_known() {
    type Course = fn(&mut Bench);
    let on_the_way: Course = |bench| {
        assert_eq!(bench.at(DEADLINE_MS - 1).step(WAKE), []);
    };
    let never_persisted: Course = |bench| {
        bench.at(1).complete(vec![(0, retryable())]);
        bench.at(DEADLINE_MS - 10).step(WAKE);
        bench.at(DEADLINE_MS - 6).complete(vec![(0, retryable())]);
    };
    let below_the_cursor: Course = |bench| {
        bench.cursors(&[(0, 100, 100)]);
        bench.complete(vec![(0, retryable())]);
        bench.at(20).step(WAKE);
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
        let out = bench.at(DEADLINE_MS).step(WAKE);
        assert!(
            out.contains(&Out::Refused(1, expected)),
            "{expected}: {out:?}"
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
    assert_eq!(bench.complete(vec![(0, landed(9))]), [Out::BelowCursor(9)]);
    assert_eq!(bench.at(20).step(WAKE), [Out::Append(0)]);
    assert_eq!(
        bench.complete(vec![(0, landed(10))]),
        [Out::Accepted(1, Some(10))]
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
        [Out::Accepted(1, Some(10))]
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
        [Out::Accepted(1, Some(5))]
    );
}

#[test]
fn a_cursor_beyond_the_end_of_the_log_stops_appends_until_it_is_taken_back() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    bench.complete(vec![(0, retryable())]);
    let out = bench.cursors(&[(0, 1 << 63, 7), (1, 3, 3)]);
    assert_eq!(out, [Out::Refused(1, "DATA_LOSS"), Out::Behind(Some(0))]);
    // At once, and nothing is appended.
    assert_eq!(bench.submit(&[3]), [Out::Refused(3, "DATA_LOSS")]);
    let other = Submission {
        partition: 1,
        ..bench.submission(4, sealed(4))
    };
    let other = bench.step(Input::Submit(vec![other]));
    assert_eq!(other, [Out::Append(2)], "of another partition");
    assert_eq!(
        bench.complete(vec![(1, landed(7))]),
        [Out::Healthy, Out::Accepted(2, Some(7))],
        "it was on its way before"
    );
    assert_eq!(bench.at(20).step(WAKE), []);
    assert_eq!(bench.cursors(&[(0, 8, 8), (1, 3, 3)]), [Out::Behind(None)]);
    assert_eq!(bench.submit(&[5]), [Out::Append(3)]);
}

#[test]
fn a_record_that_strays_is_appended_again_a_few_times_only() {
    let mut bench = Bench::new();
    bench.cursors(&[(0, 100, 100)]);
    bench.submit(&[1]);
    let mut appends = 1;
    let ended = loop {
        let out = bench.complete(vec![(0, landed(appends))]);
        if out.len() > 1 {
            break out;
        }
        let now = bench.now.elapsed_ms;
        let wake = bench.core.wake_ms().unwrap();
        assert!(wake > now, "with a pause");
        assert_eq!(bench.at(wake).step(WAKE), [Out::Append(0)]);
        appends += 1;
    };
    assert_eq!(appends, 9);
    assert!(ended.contains(&Out::Refused(1, "DATA_LOSS")), "{ended:?}");
}

#[test]
fn shutdown_answers_what_is_in_flight_and_takes_no_more() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    assert_eq!(bench.step(STOP), []);
    assert_eq!(bench.submit(&[3]), [Out::Refused(3, "SHUTTING_DOWN")]);
    assert_eq!(
        bench.complete(vec![(0, landed(0))]),
        [Out::Accepted(1, Some(0))]
    );
    assert_eq!(
        bench.complete(vec![(1, landed(1))]),
        [Out::Accepted(2, Some(1)), Out::Drained]
    );
    assert_eq!(bench.step(WAKE), []);
}

#[test]
fn an_idle_core_shuts_down_at_once() {
    assert_eq!(Bench::new().step(STOP), [Out::Drained]);
}
