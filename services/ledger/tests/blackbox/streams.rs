//! Streams: replay, live, resume, slow readers, the end.

use std::time::Duration;

use proto::ledger::v1::*;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Streaming};

use crate::stage::{Ledger, PATIENCE, Stage, fact, reason, stream, whole};

async fn next<T>(stream: &mut Streaming<T>) -> T {
    let message = timeout(PATIENCE, stream.message()).await.expect("in time");
    message.expect("no error").expect("no end")
}

fn from(height: Option<u64>) -> StreamBlocksRequest {
    StreamBlocksRequest {
        from_height: height,
        ..Default::default()
    }
}

async fn height(stream: &mut Streaming<StreamBlocksResponse>) -> u64 {
    next(stream).await.block.expect("a block").height.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_replayed_and_go_live_without_gap_or_repeat() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let grow = |stage: &mut Stage| {
        stage.send(0, "bank", "carol", 1);
        stage.seal(0);
    };
    for _ in 0..20 {
        grow(&mut stage);
    }
    running.at(20).await;
    let mut ledger = running.ledger.clone();
    let reply = ledger.stream_blocks(from(Some(0))).await.unwrap();
    assert_eq!(reply.metadata().get("x-blocklog-height").unwrap(), "20");
    let mut all = reply.into_inner();
    let mut live = ledger.stream_blocks(from(None)).await.unwrap().into_inner();
    let mut ahead = ledger
        .stream_blocks(from(Some(25)))
        .await
        .unwrap()
        .into_inner();
    for expected in 0..10 {
        assert_eq!(height(&mut all).await, expected);
    }
    for _ in 0..20 {
        grow(&mut stage);
    }
    for expected in 10..=40 {
        assert_eq!(height(&mut all).await, expected);
    }
    for expected in 21..=40 {
        assert_eq!(height(&mut live).await, expected);
    }
    for expected in 25..=40 {
        assert_eq!(height(&mut ahead).await, expected);
    }
    running.shutdown.trigger();
    let end = timeout(PATIENCE, all.message()).await.unwrap().unwrap_err();
    assert_eq!(
        (end.code(), reason(&end).as_str()),
        (Code::Unavailable, "SHUTTING_DOWN")
    );
    assert_eq!(fact(&end, "resume_from").as_deref(), Some("41"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_block_comes_in_pieces() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    for _ in 0..2500 {
        stage.send(0, "bank", "carol", 1);
    }
    stage.seal(0);
    running.at(1).await;
    let request = StreamBlocksRequest {
        from_height: Some(1),
        with_records: true,
        with_raw: true,
    };
    let mut ledger: Ledger = running.ledger.clone();
    let mut stream = ledger.stream_blocks(request).await.unwrap().into_inner();
    let first = next(&mut stream).await.block.unwrap();
    assert_eq!((first.included, first.records.len()), (Some(2500), 1000));
    assert!(!first.raw.is_empty());
    let mut records = first.records;
    while records.len() < 2500 {
        let more = next(&mut stream).await;
        assert!(more.block.is_none() && more.more_records.len() <= 1000);
        records.extend(more.more_records);
    }
    let offsets = records
        .iter()
        .map(|record| record.position.unwrap().offset.unwrap());
    assert!(offsets.eq(0..2500));
    assert!(records.iter().all(|record| !record.raw.is_empty()));

    let request = GetBlockRequest {
        id: None,
        with_records: true,
        with_raw: false,
    };
    let block = ledger
        .get_block(request)
        .await
        .unwrap()
        .into_inner()
        .block
        .unwrap();
    assert_eq!(block.records.len(), 1000);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entries_of_an_account_go_live() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let account = "dora".to_owned();
    let mut ledger = running.ledger.clone();
    // Nothing has changed the account yet.
    let request = StreamAccountEntriesRequest {
        account: account.clone(),
        from_sequence: None,
    };
    let mut live = ledger
        .stream_account_entries(request)
        .await
        .unwrap()
        .into_inner();
    for amount in 1..=100 {
        stage.send(0, "bank", "dora", amount);
        if amount % 10 == 0 {
            stage.seal(0);
        }
    }
    for sequence in 1..=100 {
        let entry = next(&mut live).await.entry.unwrap();
        assert_eq!(
            (entry.sequence, entry.change),
            (Some(sequence), Some(sequence as i64))
        );
        assert_eq!(entry.kind(), account_entry::Kind::Received);
    }
    let request = StreamAccountEntriesRequest {
        account,
        from_sequence: Some(99),
    };
    let mut late = ledger
        .stream_account_entries(request)
        .await
        .unwrap()
        .into_inner();
    for sequence in 99..=100 {
        assert_eq!(
            next(&mut late).await.entry.unwrap().sequence,
            Some(sequence)
        );
    }
    running.shutdown.trigger();
    let end = timeout(PATIENCE, late.message())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(fact(&end, "resume_from").as_deref(), Some("101"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_broken_by_heartbeats() {
    let stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut ledger = running.ledger.clone();
    let mut blocks = ledger.stream_blocks(from(None)).await.unwrap().into_inner();
    let request = StreamAccountEntriesRequest {
        account: "carol".into(),
        from_sequence: None,
    };
    let mut entries = ledger
        .stream_account_entries(request)
        .await
        .unwrap()
        .into_inner();
    let request = WatchTransactionRequest {
        id: "00".repeat(32),
        position: None,
    };
    let mut watch = ledger
        .watch_transaction(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        next(&mut watch).await.status.unwrap().state(),
        transaction_status::State::Unknown
    );
    let began = Instant::now();
    let beat = next(&mut blocks).await;
    assert!(beat.block.is_none() && beat.tip.unwrap().height == Some(0));
    let beat = next(&mut entries).await;
    assert!(beat.entry.is_none() && beat.tip.unwrap().height == Some(0));
    assert_eq!(
        next(&mut watch).await.status.unwrap().state(),
        transaction_status::State::Unknown
    );
    let took = began.elapsed();
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(12)).contains(&took),
        "{took:?}"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_is_dropped_and_holds_nobody_up() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut stalled = stream(&running, whole()).await;
    let mut good = stream(&running, from(None)).await;
    // More than all windows and buffers on the way take.
    let memo = "x".repeat(250);
    for expected in 1..=400 {
        for _ in 0..60 {
            let mut note = stage.note("bank", "carol", 1);
            note.memo.clone_from(&memo);
            stage.publish(0, &note);
        }
        stage.seal(0);
        assert_eq!(height(&mut good).await, expected);
    }
    sleep(Duration::from_millis(100)).await;
    let mut told = 0;
    let end = loop {
        match timeout(PATIENCE, stalled.message()).await.unwrap() {
            Ok(message) => {
                told = message
                    .expect("no end")
                    .block
                    .map_or(told, |block| block.height.unwrap())
            }
            Err(end) => break end,
        }
    };
    assert_eq!(
        (end.code(), reason(&end).as_str()),
        (Code::Aborted, "STREAM_LAGGED")
    );
    assert_eq!(fact(&end, "resume_from"), Some((told + 1).to_string()));
    let mut resumed = stream(&running, from(Some(told + 1))).await;
    for expected in told + 1..=400 {
        assert_eq!(height(&mut resumed).await, expected);
    }
    running.stop().await;
}
