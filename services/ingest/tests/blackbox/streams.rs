//! Many in flight on one stream.

use std::collections::BTreeSet;
use std::time::Duration;

use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::submit_transactions_response::Outcome;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionsRequest};
use tokio_stream::wrappers::ReceiverStream;

use crate::stage::{Client, Stage, note, reason};

pub fn request(tag: u64) -> SubmitTransactionsRequest {
    sized(tag, 2)
}

fn sized(tag: u64, memo_bytes: usize) -> SubmitTransactionsRequest {
    let memo = "m".repeat(memo_bytes);
    let sender = format!("sender-{}", tag % 100);
    SubmitTransactionsRequest {
        tag,
        request: Some(SubmitTransactionRequest {
            content: Some(Content::Transaction(note(&sender, &memo))),
            ..Default::default()
        }),
    }
}

/// Sends so many on one stream, reads all answers, and checks that each tag comes back once, accepted.
pub async fn run(stage: &Stage, count: u64) {
    let requests = tokio_stream::iter((0..count).map(request));
    let replies = stage.client.clone().submit_transactions(requests).await;
    let mut replies = replies.unwrap().into_inner();
    let mut tags = BTreeSet::new();
    while let Some(reply) = replies.message().await.unwrap() {
        let Some(Outcome::Accepted(_)) = reply.outcome else {
            panic!("{reply:?}")
        };
        assert!(tags.insert(reply.tag));
    }
    assert_eq!(tags.len() as u64, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_in_flight_come_back_once_each() {
    let stage = Stage::open(&[]).await;
    run(&stage, 10_000).await;
    assert_eq!(stage.log(0).len() + stage.log(1).len(), 10_000);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_keeps_its_order() {
    let stage = Stage::open(&[]).await;
    run(&stage, 5_000).await;
    for partition in [0, 1] {
        let mut last = std::collections::BTreeMap::new();
        for record in stage.log(partition) {
            let transaction = chain::Transaction::decode(&record.value).unwrap();
            let before = last.insert(transaction.sender.clone(), transaction.nonce);
            assert!(before.is_none_or(|before| before < transaction.nonce));
        }
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_window_makes_streams_wait_and_refuses_none() {
    let stage = Stage::open(&["--max-in-flight", "16"]).await;
    tokio::join!(run(&stage, 2_000), run(&stage, 2_000), run(&stage, 2_000));
    let stage2 = Stage::open(&["--max-in-flight-bytes", "65536"]).await;
    tokio::join!(run(&stage2, 2_000), run(&stage2, 2_000));
    stage.stop().await;
    stage2.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_held_back() {
    let stage = Stage::open(&[]).await;
    let (sender, requests) = tokio::sync::mpsc::channel(1);
    let mut client = stage.client.clone();
    let replies = client.submit_transactions(ReceiverStream::new(requests));
    let mut replies = replies.await.unwrap().into_inner();
    // More than the stream's own window and all buffers of HTTP/2 hold.
    let mut sent = 0;
    while sent < 200_000 {
        let step = tokio::time::timeout(Duration::from_secs(2), sender.send(sized(sent, 250)));
        match step.await {
            Ok(result) => result.unwrap(),
            Err(_) => break,
        }
        sent += 1;
    }
    assert!(sent < 200_000, "it could send without end");
    let taken = stage.log(0).len() + stage.log(1).len();
    // Others are served meanwhile.
    let other = SubmitTransactionRequest {
        content: Some(Content::Transaction(note("other", "hi"))),
        ..Default::default()
    };
    let mut elsewhere = Client::new(stage.channel());
    elsewhere.submit_transaction(other).await.unwrap();
    // And it goes on when it reads.
    let mut seen = 0;
    while seen < taken {
        replies.message().await.unwrap().unwrap();
        seen += 1;
    }
    drop(sender);
    while replies.message().await.unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen as u64, sent);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_room() {
    let stage = Stage::open(&["--max-in-flight", "64"]).await;
    for _ in 0..20 {
        let requests = tokio_stream::iter((0..500).map(request));
        let replies = stage.client.clone().submit_transactions(requests).await;
        let mut replies = replies.unwrap().into_inner();
        replies.message().await.unwrap().unwrap();
    }
    run(&stage, 500).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_service_and_says_so() {
    let stage = Stage::open(&[]).await;
    let (sender, requests) = tokio::sync::mpsc::channel(8);
    let mut client = stage.client.clone();
    let replies = client.submit_transactions(ReceiverStream::new(requests));
    let mut replies = replies.await.unwrap().into_inner();
    for tag in 0..8 {
        sender.send(request(tag)).await.unwrap();
    }
    for _ in 0..8 {
        let reply = replies.message().await.unwrap().unwrap();
        assert!(matches!(reply.outcome, Some(Outcome::Accepted(_))));
    }
    stage.shutdown.trigger();
    let status = replies.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (tonic::Code::Unavailable, "SHUTTING_DOWN")
    );
    stage.stop().await;
}
