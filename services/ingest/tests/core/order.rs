//! One sender's transactions keep their order through failures.

use bytes::Bytes;
use chain::Transaction;
use engine::Core as _;
use ingest::core::{Input, Submission};
use journal::{AppendError, Appended};

use crate::bench::{Bench, DEADLINE_MS, Out, WAKE, landed, named, retryable, sealed, unnumbered};

impl Bench {
    /// Submits nonces of one sender on a stream; the ticket is the nonce.
    fn send(&mut self, stream: u64, nonces: &[u32]) -> Vec<Out> {
        let submissions = nonces.iter().map(|nonce| Submission {
            stream: Some(stream),
            ..self.submission(*nonce, sealed(u64::from(*nonce)))
        });
        let submissions = submissions.collect();
        self.step(Input::Submit(submissions))
    }
}

fn unknown() -> Result<Appended, AppendError> {
    Err(AppendError::Unknown("connection lost".into()))
}

#[test]
fn what_failed_is_not_appended_behind_a_later_one_that_landed() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    assert_eq!(
        bench.complete(vec![(1, landed(0)), (0, retryable())]),
        [
            Out::Accepted(2, Some(0)),
            Out::Unhealthy,
            Out::Refused(1, "OVERTAKEN"),
            Out::Untried
        ]
    );
    // Nor when it comes again.
    bench.at(20);
    assert_eq!(bench.submit(&[1]), [Out::Refused(1, "OVERTAKEN")]);
    assert_eq!(bench.submit(&[3]), [Out::Append(3)]);
}

#[test]
fn what_failed_waits_for_later_ones_that_are_on_their_way() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    bench.complete(vec![(0, retryable())]);
    assert_eq!(bench.at(100).step(WAKE), []);
    assert_eq!(bench.complete(vec![(1, retryable())]), []);
    let again = bench.at(1_000).step(WAKE);
    assert_eq!(again, [Out::Append(0), Out::Append(1)]);
}

#[test]
fn what_is_sent_behind_a_transaction_that_is_given_up_is_given_up_too() {
    let mut bench = Bench::new();
    bench.send(7, &[1, 2]);
    bench.complete(vec![(1, retryable())]);
    bench.send(7, &[3]);
    let out = bench.complete(vec![(0, unknown())]);
    assert_eq!(
        out,
        [
            Out::Refused(1, "OUTCOME_UNKNOWN"),
            Out::Refused(2, "EARLIER_GIVEN_UP"),
            Out::Refused(3, "EARLIER_GIVEN_UP"),
            Out::Untried
        ]
    );
    // Until it comes again, or one before it.
    bench.at(100);
    assert_eq!(bench.send(7, &[4]), [Out::Refused(4, "EARLIER_GIVEN_UP")]);
    assert_eq!(bench.send(7, &[1, 2]), [Out::Append(3), Out::Append(4)]);
    // Other streams go their own way.
    assert_eq!(bench.send(8, &[9]), [Out::Append(5)]);
}

#[test]
fn a_copy_waits_for_what_was_given_up_and_is_still_on_its_way() {
    let mut bench = Bench::new();
    bench.send(7, &[1, 2]);
    let out = bench.at(DEADLINE_MS).step(WAKE);
    let unknown = |ticket| Out::Refused(ticket, "OUTCOME_UNKNOWN");
    assert_eq!(out, [unknown(1), unknown(2)]);
    assert_eq!(bench.send(8, &[1, 2]), []);
    assert_eq!(bench.complete(vec![(0, landed(0))]), []);
    // Both have landed: copies are harmless, and answered.
    assert_eq!(
        bench.complete(vec![(1, landed(1))]),
        [Out::Append(2), Out::Append(3)]
    );
    let out = bench.complete(vec![(2, landed(2)), (3, landed(3))]);
    assert_eq!(out, [Out::Accepted(1, Some(2)), Out::Accepted(2, Some(3))]);
}

#[test]
fn a_log_that_says_nothing_is_given_no_more() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    bench.at(1_999);
    let other = bench.submission(2, unnumbered("other"));
    let other = bench.step(Input::Submit(vec![other]));
    assert_eq!(other, [Out::Append(1)]);
    assert_eq!(bench.at(2_000).submit(&[2_000_000]), []);
    assert_eq!(bench.core.wake_ms(), Some(DEADLINE_MS));
    // What is known of each when its time is over.
    let out = bench.at(DEADLINE_MS).step(WAKE);
    assert_eq!(out, [Out::Refused(1, "OUTCOME_UNKNOWN")]);
    bench.at(DEADLINE_MS + 1_999).step(WAKE);
    let out = bench.at(DEADLINE_MS + 2_000).step(WAKE);
    assert_eq!(out, [Out::Refused(2_000_000, "LOG_UNAVAILABLE")]);
    assert_eq!(bench.submit(&[3_000_000]), []);
    assert_eq!(bench.complete(vec![(0, landed(0))]), [Out::Append(3)]);
}

#[test]
fn a_nonce_chosen_here_lies_above_all_that_is_known_of_the_sender() {
    let mut bench = Bench::new();
    let numbers = |bench: &mut Bench, above| bench.number(named("hi"), above);
    assert_eq!(numbers(&mut bench, 0), 1_000_000);
    assert_eq!(numbers(&mut bench, 5_000_000), 5_000_001);
    assert_eq!(numbers(&mut bench, 5_000_000), 5_000_002);
    bench.now.wall_us = 7_000_000;
    assert_eq!(numbers(&mut bench, 5_000_000), 7_000_000);
    // On its way, and chosen by the sender.
    bench.submit(&[8_000_000]);
    assert_eq!(numbers(&mut bench, 0), 8_000_001);
    // The others do not go with it.
    let other = Transaction {
        sender: Bytes::from_static(b"bob"),
        ..named("hi")
    };
    assert_eq!(bench.number(other, 0), 7_000_002);
}
