//! No chain, another chain, a log that is away, an end in the middle of things.

use std::time::Duration;

use chain::Genesis;
use journal::Journal;
use proto::ingest::v1::GetSubmissionInfoRequest;
use proto::ingest::v1::submit_transaction_request::Content;
use tonic::Code;
use topics::bootstrap;

use crate::stage::{Stage, note, open_genesis, reason};

fn hello() -> Content {
    Content::Transaction(note("alice", "hi"))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_block_0_it_waits_for_one() {
    let journal = Journal::memory();
    let stage = Stage::start(journal.clone(), open_genesis(), false, &[]).await;
    let searched = async {
        loop {
            let status = stage.submit(hello()).await.unwrap_err();
            if reason(&status) != "CATCHING_UP" {
                return status;
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(10), searched).await;
    let status = status.expect("the log is read to its end");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "NO_CHAIN")
    );
    let mut client = stage.client.clone();
    let status = client
        .get_submission_info(GetSubmissionInfoRequest {})
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "NO_CHAIN");
    assert!(stage.is_unready("NO_CHAIN"));

    let establish = move || bootstrap::establish(&journal, &open_genesis(), &|_| {});
    tokio::task::spawn_blocking(establish)
        .await
        .unwrap()
        .unwrap();
    let ready = tokio::time::timeout(Duration::from_secs(10), stage.readiness.ready());
    ready.await.expect("it finds block 0 by itself");
    stage.submit(hello()).await.unwrap();
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_there_is_never_denied() {
    let journal = Journal::memory();
    let establish = {
        let journal = journal.clone();
        move || {
            follow_junk(&journal);
            bootstrap::establish(&journal, &open_genesis(), &|_| {})
        }
    };
    tokio::task::spawn_blocking(establish)
        .await
        .unwrap()
        .unwrap();
    let stage = Stage::start(journal, open_genesis(), false, &[]).await;
    let taken = async {
        while let Err(status) = stage.submit(hello()).await {
            let told = (status.code(), reason(&status));
            assert_eq!(told, (Code::Unavailable, "CATCHING_UP".to_owned()));
            assert!(kit::status::retry_after(&status).is_some());
            assert!(!stage.is_unready("NO_CHAIN"));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken)
        .await
        .expect("it finds block 0");
    stage.stop().await;
}

/// What anybody may write before block 0, so that it takes a while to find.
fn follow_junk(journal: &journal::Journal) {
    for spec in topics::specs(&open_genesis()) {
        journal.create_topic(&spec).unwrap();
    }
    let topic = topics::BLOCKCHAIN;
    let appender = journal
        .appender(topic, std::sync::Arc::new(|_| ()))
        .unwrap();
    for token in 0..50_000 {
        let entry = journal::Entry {
            value: bytes::Bytes::from_static(&[0xff; 100]),
            ..journal::Entry::default()
        };
        appender
            .append(token, entry)
            .map_err(|(_, error)| error)
            .unwrap();
    }
    appender.flush(Duration::from_secs(30)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_genesis_ends_the_service_naming_both_chains() {
    let journal = Journal::memory();
    let first = Stage::with(journal.clone(), open_genesis(), &[]).await;
    let found = first.rules.chain_id;
    first.stop().await;
    let genesis = Genesis {
        name: "another".into(),
        ..open_genesis()
    };
    let expected = genesis.chain_id();
    let stage = Stage::start(journal, genesis, true, &[]).await;
    let error = format!("{:#}", stage.ended().await.unwrap_err());
    assert!(
        error.contains(&found.to_string()) && error.contains(&expected.to_string()),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on() {
    let journal = Journal::memory();
    for offset in 0..3 {
        let stage = Stage::with(journal.clone(), open_genesis(), &[]).await;
        let receipt = stage.submit(hello()).await.unwrap();
        assert_eq!(receipt.position.unwrap().offset, Some(offset));
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_while_it_waits_for_block_0() {
    let stage = Stage::start(Journal::memory(), open_genesis(), false, &[]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.stop().await;
}
