//! The end in the middle of things: what was taken is finished, and everybody is told.

use std::collections::BTreeSet;

use journal::Journal;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::submit_transactions_response::Outcome;
use tonic::Code;

use crate::stage::{Stage, note, open_genesis, reason};
use crate::streams;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_told_of_each_request_that_was_taken() {
    let journal = Journal::memory();
    let stage = Stage::with(journal.clone(), open_genesis(), &[]).await;
    let requests = tokio_stream::iter((0..u64::MAX).map(streams::request));
    let mut client = stage.client.clone();
    let mut replies = client
        .submit_transactions(requests)
        .await
        .unwrap()
        .into_inner();
    let mut accepted = BTreeSet::new();
    let status = loop {
        match replies.message().await {
            Ok(Some(reply)) => match reply.outcome.unwrap() {
                Outcome::Accepted(receipt) => {
                    let position = receipt.position.unwrap();
                    assert!(accepted.insert((position.partition(), position.offset())));
                }
                Outcome::Refused(refusal) => assert_eq!(refusal.reason, "SHUTTING_DOWN"),
            },
            Ok(None) => panic!("the client has more to send"),
            Err(status) => break status,
        }
        if accepted.len() == 20_000 {
            stage.shutdown.trigger();
        }
    };
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "SHUTTING_DOWN")
    );
    let stored = stage.log(0).len() + stage.log(1).len();
    assert_eq!(
        stored,
        accepted.len(),
        "each record that was appended was acknowledged"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_finished_or_refused() {
    let stage = Stage::open(&[]).await;
    let mut calls = Vec::new();
    for at in 0..400 {
        let mut client = stage.client.clone();
        let content = Content::Transaction(note("alice", &format!("{at}")));
        if at == 200 {
            stage.shutdown.trigger();
        }
        calls.push(tokio::spawn(async move {
            let request = proto::ingest::v1::SubmitTransactionRequest {
                content: Some(content),
                ..Default::default()
            };
            client.submit_transaction(request).await
        }));
    }
    let mut accepted = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            // Late ones meet a closing connection, for which the transport has many words, and no service.
            Err(status) => {
                let reason = kit::status::reason(&status);
                assert!(reason.is_none_or(|reason| reason == "SHUTTING_DOWN"));
            }
        }
    }
    assert_eq!(stage.log(0).len() + stage.log(1).len(), accepted);
    stage.stop().await;
}
