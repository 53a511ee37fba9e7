//! No chain, another chain, a log that is away, an end in the middle of things.

use std::time::Duration;

use chain::Genesis;
use follow::bootstrap;
use proto::ingest::v1::GetSubmissionInfoRequest;
use proto::ingest::v1::submit_transaction_request::Content;
use tonic::Code;

use crate::stage::{Stage, memory, note, open_genesis, reason};

fn hello() -> Content {
    Content::Transaction(note("alice", "hi"))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_block_0_it_waits_for_one() {
    let journal = memory();
    let stage = Stage::start(journal.clone(), open_genesis(), false, &[]).await;
    let status = stage.submit(hello()).await.unwrap_err();
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
    let reasons = stage.readiness.reasons();
    assert!(
        reasons.iter().any(|r| r.reason == "NO_CHAIN"),
        "{reasons:?}"
    );

    let establish =
        move || bootstrap::establish(&journal, Some(&open_genesis()), None, &|| false, &|_| {});
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
async fn another_genesis_ends_the_service_naming_both_chains() {
    let journal = memory();
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
    let journal = memory();
    for offset in 0..3 {
        let stage = Stage::with(journal.clone(), open_genesis(), &[]).await;
        let receipt = stage.submit(hello()).await.unwrap();
        assert_eq!(receipt.position.unwrap().offset, Some(offset));
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_while_it_waits_for_block_0() {
    let stage = Stage::start(memory(), open_genesis(), false, &[]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.stop().await;
}
