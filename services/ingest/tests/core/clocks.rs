//! The wall clock steps back by an hour: nonces still rise, and nothing that waits stalls.

use engine::Core as _;
use ingest::core::Input;

use crate::bench::{Bench, DEADLINE_MS, Out, WAKE, landed, named, retryable, sealed};

const HOUR_US: u64 = 3_600_000_000;

/// A core that has chosen a nonce before its wall clock steps back.
fn stepped_back() -> (Bench, u64) {
    let mut bench = Bench::new();
    bench.now.wall_us = 10 * HOUR_US;
    let nonce = bench.number(named("before"), 0);
    bench.now.wall_us -= HOUR_US;
    (bench, nonce)
}

#[test]
fn nonces_of_a_sender_rise() {
    let (mut bench, before) = stepped_back();
    assert_eq!(bench.number(named("after"), 0), before + 1);
    assert_eq!(bench.number(named("again"), 0), before + 2);
}

#[test]
fn a_failed_append_is_retried_after_its_pause() {
    let (mut bench, _) = stepped_back();
    assert_eq!(bench.complete(vec![(0, retryable())]), [Out::Unhealthy]);
    bench.now.wall_us -= HOUR_US;
    assert_eq!(bench.core.wake_ms(), Some(20));
    assert_eq!(bench.at(20).step(WAKE), [Out::Append(0)]);
    assert_eq!(
        bench.complete(vec![(0, landed(7))]),
        [Out::Healthy, Out::Accepted(0, Some(7))]
    );
}

#[test]
fn deadlines_come() {
    let (mut bench, _) = stepped_back();
    let later = bench.submission(1, sealed(u64::MAX));
    bench.step(Input::Submit(vec![later]));
    bench.now.wall_us -= HOUR_US;
    assert_eq!(bench.core.wake_ms(), Some(DEADLINE_MS));
    let out = bench.at(DEADLINE_MS).step(WAKE);
    let unknown = |ticket| Out::Refused(ticket, "OUTCOME_UNKNOWN");
    assert_eq!(out, [unknown(0), unknown(1)]);
}
