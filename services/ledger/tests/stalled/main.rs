//! Many readers that take nothing beside one that does. Alone in its process, whose memory is measured.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

use std::time::Duration;

use chain::testing::{self, Grower};
use journal::Journal;
use kit::testing::{PATIENCE, Running};
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{StreamBlocksRequest, StreamBlocksResponse};
use tokio::time::{Instant, timeout};
use tonic::Streaming;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS, bootstrap};

/// A reader with a connection of its own, and little room.
async fn stream(
    running: &Running,
    request: StreamBlocksRequest,
) -> Streaming<StreamBlocksResponse> {
    let mut ledger = LedgerServiceClient::new(running.narrow_channel());
    ledger.stream_blocks(request).await.unwrap().into_inner()
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stalled_readers_cost_little() {
    let genesis = testing::genesis("stalled");
    let (mut grower, journal) = (Grower::new(&genesis), Journal::memory());
    bootstrap::establish(&journal, &genesis, &|_| {}).unwrap();
    let data = tempfile::tempdir().unwrap();
    let flags = ["--journal=memory:", "--data", data.path().to_str().unwrap()];
    let run = |config, service| ledger::run(config, journal.clone(), service);
    let running = Running::start("ledger", &flags, run).await;
    running.ready().await;
    let whole = StreamBlocksRequest {
        from_height: None,
        with_records: true,
        with_raw: true,
    };
    let mut good = stream(&running, StreamBlocksRequest::default()).await;
    let mut stalled = Vec::new();
    for _ in 0..200 {
        stalled.push(stream(&running, whole).await);
    }
    let before = resident();
    let mut slowest = Duration::ZERO;
    for expected in 1..=100 {
        let notes = (0..20).map(|_| grower.note("bank", "carol", 1).encode());
        let notes: Vec<_> = notes.collect();
        for note in &notes {
            journal.put(TRANSACTIONS, 0, note.clone());
        }
        let block = grower.mine_slots(grower.slots(notes));
        journal.put(BLOCKCHAIN, BLOCKCHAIN_PARTITION, block);
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
