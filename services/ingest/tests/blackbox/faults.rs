//! A log that is slow, that fails, and that does not say what it did.

use std::time::{Duration, Instant};

use journal::{Chances, Journal};
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::submit_transactions_response::Outcome;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};
use tonic::{Code, Status};

use crate::stage::{Stage, fact, note, open_genesis, reason};
use crate::streams;

async fn stage(flags: &[&str]) -> (Stage, journal::Faults) {
    let journal: Journal = Journal::memory();
    let faults = journal.faults().expect("a memory journal has them");
    (Stage::with(journal, open_genesis(), flags).await, faults)
}

fn slow(ms: u64) -> Chances {
    Chances {
        delay_ms: ms..ms + 1,
        ..Chances::default()
    }
}

async fn submit_within(
    stage: &Stage,
    content: Content,
    timeout: Duration,
) -> Result<SubmitTransactionResponse, Status> {
    let mut request = tonic::Request::new(SubmitTransactionRequest {
        content: Some(content),
        ..Default::default()
    });
    request.set_timeout(timeout);
    let mut client = stage.client.clone();
    let reply = client.submit_transaction(request).await;
    reply.map(tonic::Response::into_inner)
}

fn hello() -> Content {
    Content::Transaction(note("alice", "hi"))
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_each_request_has_one_true_answer() {
    let (stage, faults) = stage(&[]).await;
    let chances = Chances {
        refused: 0.2,
        lost_acks: 0.05,
        duplicates: 0.05,
        holes: 0.05,
        delay_ms: 0..3,
    };
    faults.set_chances(chances, 7);
    let requests = tokio_stream::iter((0..3_000).map(streams::request));
    let replies = stage.client.clone().submit_transactions(requests).await;
    let mut replies = replies.unwrap().into_inner();
    let (mut receipts, mut unknown) = (Vec::new(), Vec::new());
    while let Some(reply) = replies.message().await.unwrap() {
        match reply.outcome.unwrap() {
            Outcome::Accepted(receipt) => receipts.push(receipt),
            Outcome::Refused(refusal) => {
                assert_eq!(refusal.reason, "OUTCOME_UNKNOWN");
                assert_eq!(refusal.code, Code::DeadlineExceeded as i32);
                assert!(refusal.message.contains("safe"), "{}", refusal.message);
                unknown.push(refusal.metadata);
            }
        }
    }
    assert_eq!(receipts.len() + unknown.len(), 3_000);
    assert!(!unknown.is_empty());
    let logs = [stage.log(0), stage.log(1)];
    let chain_id = &stage.rules.chain_id;
    for receipt in receipts {
        let position = receipt.position.unwrap();
        let log = &logs[position.partition() as usize];
        let at = log.binary_search_by_key(&position.offset(), |record| record.offset);
        let recorded = chain::Transaction::decode(&log[at.unwrap()].value).unwrap();
        let id = recorded.id(chain_id);
        assert_eq!(
            receipt.transaction,
            Some(proto::wire::from_transaction(&recorded, id))
        );
    }
    // What is unknown here was written, and can be found by the names it was given.
    let ids: std::collections::BTreeSet<String> = logs
        .iter()
        .flatten()
        .map(|r| {
            chain::Transaction::decode(&r.value)
                .unwrap()
                .id(chain_id)
                .unwrap()
                .to_string()
        })
        .collect();
    for names in unknown {
        assert!(ids.contains(&names["id"]) && names.contains_key("nonce"));
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_away_is_appended_to_as_soon_as_it_is_back() {
    let (stage, faults) = stage(&[]).await;
    faults.set_reachable(false);
    let waiting = tokio::spawn({
        let mut client = stage.client.clone();
        let content = Some(hello());
        let request = SubmitTransactionRequest {
            content,
            ..Default::default()
        };
        async move { client.submit_transaction(request).await }
    });
    let away = stage.unready("LOG_UNAVAILABLE");
    tokio::time::timeout(Duration::from_secs(5), away)
        .await
        .expect("readiness says why");
    let status = submit_within(&stage, hello(), Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "LOG_UNAVAILABLE")
    );
    assert!(kit::status::retry_after(&status).is_some());
    assert!(!waiting.is_finished());
    faults.set_reachable(true);
    let receipt = waiting.await.unwrap().unwrap().into_inner();
    assert_eq!(receipt.position.unwrap().offset, Some(0));
    let ready = tokio::time::timeout(Duration::from_secs(5), stage.readiness.ready());
    ready.await.expect("it heals by itself");
    let partition = receipt.position.unwrap().partition();
    assert_eq!(
        stage.log(partition).len(),
        1,
        "the refused call was not persisted"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_on_the_way_names_what_to_submit_again() {
    let (stage, faults) = stage(&[]).await;
    faults.set_chances(slow(1500), 1);
    let status = submit_within(&stage, hello(), Duration::from_millis(600))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::DeadlineExceeded, "OUTCOME_UNKNOWN")
    );
    let nonce: u64 = fact(&status, "nonce").unwrap().parse().unwrap();
    let id = fact(&status, "id").unwrap();
    faults.set_chances(Chances::default(), 1);
    let mut again = note("alice", "hi");
    again.nonce = Some(nonce);
    let receipt = stage.submit(Content::Transaction(again)).await.unwrap();
    assert_eq!(receipt.transaction.unwrap().id, id);
    let log = stage.log(receipt.position.unwrap().partition());
    assert!(
        log.len() == 2 && log[0].value == log[1].value,
        "the same bytes twice"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_log_holds_streams_back_and_refuses_calls() {
    let (stage, faults) = stage(&["--max-in-flight", "32"]).await;
    faults.set_chances(slow(50), 1);
    let start = Instant::now();
    let calls = async {
        let calls = (0..100).map(|_| {
            let mut client = stage.client.clone();
            let content = Some(hello());
            let request = SubmitTransactionRequest {
                content,
                ..Default::default()
            };
            tokio::spawn(async move { client.submit_transaction(request).await })
        });
        let calls: Vec<_> = calls.collect();
        let mut overloaded = 0;
        for call in calls {
            if let Err(status) = call.await.unwrap() {
                assert_eq!(
                    (status.code(), reason(&status).as_str()),
                    (Code::ResourceExhausted, "OVERLOADED")
                );
                assert!(kit::status::retry_after(&status).is_some());
                overloaded += 1;
            }
        }
        overloaded
    };
    let ((), overloaded) = tokio::join!(streams::run(&stage, 320), calls);
    assert!(overloaded > 0 && overloaded < 100, "{overloaded}");
    // At most 28 of a stream are under way at once, and each round takes 50 ms.
    assert!(start.elapsed() > Duration::from_millis(50 * 320 / 32));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_finished_within_the_grace() {
    let (stage, faults) = stage(&[]).await;
    faults.set_chances(slow(2000), 1);
    let mut client = stage.client.clone();
    let content = Some(hello());
    let request = SubmitTransactionRequest {
        content,
        ..Default::default()
    };
    let call = tokio::spawn(async move { client.submit_transaction(request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    stage.stop().await;
    call.await.unwrap().unwrap();
}
