//! Many readers that take nothing beside one that does. Alone in its process, whose memory is measured.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[path = "blackbox/stage.rs"]
#[allow(dead_code, reason = "the black-box tests use the rest")]
mod stage;

use std::time::Duration;

use proto::ledger::v1::StreamBlocksRequest;
use tokio::time::{Instant, timeout};

use stage::{PATIENCE, Stage, stream, whole};

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stalled_readers_cost_little() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut good = stream(&running.url, StreamBlocksRequest::default()).await;
    let mut stalled = Vec::new();
    for _ in 0..200 {
        stalled.push(stream(&running.url, whole()).await);
    }
    let before = resident();
    let mut slowest = Duration::ZERO;
    for expected in 1..=100 {
        for _ in 0..20 {
            stage.send(0, "bank", "carol", 1);
        }
        stage.seal(0);
        let sealed = Instant::now();
        let told = timeout(PATIENCE, good.message()).await.expect("in time");
        let block = told.unwrap().expect("no end").block.expect("a block");
        assert_eq!(block.height, Some(expected));
        slowest = slowest.max(sealed.elapsed());
    }
    let grown = resident().saturating_sub(before);
    println!(
        "200 stalled readers: {slowest:?} at worst for a good one, {} KiB",
        grown >> 10
    );
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(grown < 64 << 20, "{} MiB", grown >> 20);
    running.stop().await;
}
