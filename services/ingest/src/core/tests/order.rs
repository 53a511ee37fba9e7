//! One sender's transactions keep their order through failures.

use super::*;

impl Bench {
    /// Submits nonces of one sender on a stream; the ticket is the nonce.
    fn send(&mut self, stream: u64, nonces: &[u32]) -> Vec<Said> {
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
            Said::Accepted(2, Some(0)),
            Said::Unhealthy,
            Said::Refused(1, "OVERTAKEN"),
            Said::Untried
        ]
    );
    // Nor when it comes again.
    bench.at(20);
    assert_eq!(bench.submit(&[1]), [Said::Refused(1, "OVERTAKEN")]);
    assert_eq!(bench.submit(&[3]), [Said::Append(3)]);
}

#[test]
fn what_failed_waits_for_later_ones_that_are_on_their_way() {
    let mut bench = Bench::new();
    bench.submit(&[1, 2]);
    bench.complete(vec![(0, retryable())]);
    assert_eq!(bench.at(100).step(Input::Tick), []);
    assert_eq!(bench.complete(vec![(1, retryable())]), []);
    let again = bench.at(1_000).step(Input::Tick);
    assert_eq!(again, [Said::Append(0), Said::Append(1)]);
}

#[test]
fn what_is_sent_behind_a_transaction_that_is_given_up_is_given_up_too() {
    let mut bench = Bench::new();
    bench.send(7, &[1, 2]);
    bench.complete(vec![(1, retryable())]);
    bench.send(7, &[3]);
    let said = bench.complete(vec![(0, unknown())]);
    assert_eq!(
        said,
        [
            Said::Refused(1, "OUTCOME_UNKNOWN"),
            Said::Refused(2, "EARLIER_GIVEN_UP"),
            Said::Refused(3, "EARLIER_GIVEN_UP"),
            Said::Untried
        ]
    );
    // Until it comes again, or one before it.
    bench.at(100);
    assert_eq!(bench.send(7, &[4]), [Said::Refused(4, "EARLIER_GIVEN_UP")]);
    assert_eq!(bench.send(7, &[1, 2]), [Said::Append(3), Said::Append(4)]);
    // Other streams go their own way.
    assert_eq!(bench.send(8, &[9]), [Said::Append(5)]);
}

#[test]
fn a_copy_waits_for_what_was_given_up_and_is_still_on_its_way() {
    let mut bench = Bench::new();
    bench.send(7, &[1, 2]);
    let said = bench.at(DEADLINE_MS).step(Input::Tick);
    let unknown = |ticket| Said::Refused(ticket, "OUTCOME_UNKNOWN");
    assert_eq!(said, [unknown(1), unknown(2)]);
    assert_eq!(bench.send(8, &[1, 2]), []);
    assert_eq!(bench.complete(vec![(0, landed(0))]), []);
    // Both have landed: copies are harmless, and answered.
    assert_eq!(
        bench.complete(vec![(1, landed(1))]),
        [Said::Append(2), Said::Append(3)]
    );
    let said = bench.complete(vec![(2, landed(2)), (3, landed(3))]);
    assert_eq!(
        said,
        [Said::Accepted(1, Some(2)), Said::Accepted(2, Some(3))]
    );
}

#[test]
fn a_log_that_says_nothing_is_given_no_more() {
    let mut bench = Bench::new();
    bench.submit(&[1]);
    bench.at(1_999);
    let other = bench.submission(2, unnumbered("other"));
    let other = bench.step(Input::Submit(vec![other]));
    assert_eq!(other, [Said::Append(1)]);
    assert_eq!(bench.at(2_000).submit(&[2_000_000]), []);
    assert_eq!(bench.core.wake_ms(), Some(DEADLINE_MS));
    // What is known of each when its time is over.
    let said = bench.at(DEADLINE_MS).step(Input::Tick);
    assert_eq!(said, [Said::Refused(1, "OUTCOME_UNKNOWN")]);
    bench.at(DEADLINE_MS + 1_999).step(Input::Tick);
    let said = bench.at(DEADLINE_MS + 2_000).step(Input::Tick);
    assert_eq!(said, [Said::Refused(2_000_000, "LOG_UNAVAILABLE")]);
    assert_eq!(bench.submit(&[3_000_000]), []);
    assert_eq!(bench.complete(vec![(0, landed(0))]), [Said::Append(3)]);
}

#[test]
fn a_nonce_chosen_here_lies_above_all_that_is_known_of_the_sender() {
    let mut bench = Bench::new();
    let numbers = |bench: &mut Bench, above| {
        let submission = Submission {
            above,
            ..bench.submission(0, unnumbered("hi"))
        };
        let out = bench.raw(Input::Submit(vec![submission]));
        let [Output::Append { entry, .. }] = &out[..] else {
            panic!("{out:?}")
        };
        Transaction::decode(&entry.value).unwrap().nonce
    };
    assert_eq!(numbers(&mut bench, 0), 1_000_000);
    assert_eq!(numbers(&mut bench, 5_000_000), 5_000_001);
    assert_eq!(numbers(&mut bench, 5_000_000), 5_000_002);
    bench.now.clock_us = 7_000_000;
    assert_eq!(numbers(&mut bench, 5_000_000), 7_000_000);
    // On its way, and chosen by the sender.
    bench.submit(&[8_000_000]);
    assert_eq!(numbers(&mut bench, 0), 8_000_001);
    // The others do not go with it.
    assert_eq!(bench.nonce_of_last(), 7_000_001);
}
