//! Every reason for which a submission is refused, with its code.

use bytes::Bytes;
use chain::testing::{name, secret};
use chain::{Genesis, Transaction};
use journal::Journal;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::submit_transactions_response::Outcome;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionsRequest};
use proto::types::v1 as types;
use tonic::Code;

use crate::stage::{Stage, fact, note, open_genesis, reason, record};

const DAY_US: u64 = 24 * 60 * 60 * 1_000_000;

/// What is sent, and the reason that must come back.
type Case = (&'static str, Content, &'static str);

fn with(change: impl FnOnce(&mut types::Transaction)) -> Content {
    let mut transaction = note("alice", "hi");
    change(&mut transaction);
    Content::Transaction(transaction)
}

fn cases(stage: &Stage) -> Vec<Case> {
    let mut cases = records(stage);
    cases.extend(written());
    cases
}

/// Records that a client encoded by itself.
fn records(stage: &Stage) -> Vec<Case> {
    let chain_id = stage.rules.chain_id;
    let good = stage.signed(1, 7);
    let resigned = |change: &dyn Fn(&mut Transaction)| {
        let mut transaction = good.clone();
        change(&mut transaction);
        record(&transaction.sign(&chain_id, &secret(1)))
    };
    let unsigned = |change: &dyn Fn(&mut Transaction)| {
        let mut transaction = good.clone();
        change(&mut transaction);
        record(&transaction)
    };
    vec![
        (
            "not protobuf",
            Content::Record("junk".into()),
            "UNDECODABLE",
        ),
        (
            "nothing: a transaction with all defaults",
            Content::Record(Bytes::new()),
            "BAD_ACCOUNT",
        ),
        (
            "1025 bytes",
            Content::Record(vec![10; 1025].into()),
            "TOO_LARGE",
        ),
        (
            "malformed sender",
            unsigned(&|t| t.sender = "A B".into()),
            "BAD_ACCOUNT",
        ),
        (
            "long sender",
            unsigned(&|t| t.sender = vec![1; 300].into()),
            "BAD_ACCOUNT",
        ),
        (
            "no recipient",
            resigned(&|t| t.recipient.clear()),
            "BAD_ACCOUNT",
        ),
        (
            "signature of another",
            unsigned(&|t| t.amount = 2),
            "BAD_SIGNATURE",
        ),
        ("nonce 0", resigned(&|t| t.nonce = 0), "NONCE_TOO_LOW"),
        (
            "highest nonce",
            resigned(&|t| t.nonce = u64::MAX),
            "NONCE_TOO_HIGH",
        ),
    ]
}

/// Transactions as people write them.
fn written() -> Vec<Case> {
    let key = secret(1).account().to_string();
    vec![
        (
            "malformed name",
            with(|t| t.sender = "Alice".into()),
            "BAD_ACCOUNT",
        ),
        (
            "mistyped key",
            with(|t| t.recipient = "bl1qqqq".into()),
            "BAD_ACCOUNT",
        ),
        (
            "memo of 257 bytes",
            with(|t| t.memo = "x".repeat(257)),
            "MEMO_TOO_LARGE",
        ),
        (
            "memo of 2000 bytes",
            with(|t| t.memo = "x".repeat(2000)),
            "TOO_LARGE",
        ),
        ("neither amount nor memo", with(|t| t.memo.clear()), "EMPTY"),
        (
            "signature of a name",
            with(|t| t.signature = "00".repeat(64)),
            "BAD_SIGNATURE",
        ),
        (
            "nonce 0 of a name",
            with(|t| t.nonce = Some(0)),
            "NONCE_TOO_LOW",
        ),
        (
            "nonce of the year 2200",
            with(|t| t.nonce = Some(7_258_118_400_000_000)),
            "NONCE_TOO_HIGH",
        ),
        (
            "key without nonce",
            with(|t| t.sender = key.clone()),
            "NONCE_REQUIRED",
        ),
        ("no sender", with(|t| t.sender.clear()), "MISSING_FIELD"),
        (
            "no amount",
            with(|t| t.recipient = "bob".into()),
            "MISSING_FIELD",
        ),
        (
            "signature not hex",
            with(|t| t.signature = "xyz".into()),
            "BAD_FIELD",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_has_its_name() {
    let stage = Stage::open(&[]).await;
    for (what, content, expected) in cases(&stage) {
        let status = stage.submit(content).await.expect_err(what);
        assert_eq!(reason(&status), expected, "{what}: {status:?}");
        assert_eq!(status.code(), Code::InvalidArgument, "{what}");
    }
    assert!(stage.log(0).is_empty() && stage.log(1).is_empty());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_refuses_with_the_same_words_and_goes_on() {
    let stage = Stage::open(&[]).await;
    let cases = cases(&stage);
    let mut requests = Vec::new();
    for (tag, (_, content, _)) in cases.iter().enumerate() {
        let content = Some(content.clone());
        let request = Some(SubmitTransactionRequest {
            content,
            ..Default::default()
        });
        requests.push(SubmitTransactionsRequest {
            tag: tag as u64,
            request,
        });
    }
    let good = Some(record(&stage.signed(1, 9)));
    let request = Some(SubmitTransactionRequest {
        content: good,
        ..Default::default()
    });
    requests.push(SubmitTransactionsRequest { tag: 999, request });
    requests.push(SubmitTransactionsRequest {
        tag: 1000,
        request: None,
    });
    let count = requests.len();
    let requests = tokio_stream::iter(requests);
    let mut replies = stage
        .client
        .clone()
        .submit_transactions(requests)
        .await
        .unwrap()
        .into_inner();
    let mut seen = 0;
    while let Some(reply) = replies.message().await.unwrap() {
        seen += 1;
        match (reply.tag, reply.outcome.unwrap()) {
            (999, Outcome::Accepted(_)) => {}
            (1000, Outcome::Refused(refusal)) => assert_eq!(refusal.reason, "MISSING_FIELD"),
            (tag, Outcome::Refused(refusal)) => {
                let (what, content, expected) = &cases[tag as usize];
                let status = stage.submit(content.clone()).await.unwrap_err();
                assert_eq!(refusal.reason, *expected, "{what}");
                assert_eq!(refusal.code, status.code() as i32);
                let info = kit::status::info(&status).unwrap();
                let mut metadata: Vec<_> = refusal.metadata.into_iter().collect();
                metadata.sort();
                // A nonce limit goes with the clock.
                if *expected != "NONCE_TOO_HIGH" {
                    assert_eq!(
                        (metadata, refusal.message.as_str()),
                        (info.metadata, status.message())
                    );
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, count);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_another_place_are_refused() {
    let stage = Stage::open(&[]).await;
    let content = || Some(record(&stage.signed(1, 7)));
    let other = "ab".repeat(32);
    let cases = [
        (
            SubmitTransactionRequest {
                content: content(),
                chain_id: other.clone(),
                ..Default::default()
            },
            "WRONG_CHAIN",
            "found",
            other.as_str(),
        ),
        (
            SubmitTransactionRequest {
                content: content(),
                chain_id: "12".into(),
                ..Default::default()
            },
            "BAD_FIELD",
            "field",
            "chain_id",
        ),
        (
            SubmitTransactionRequest {
                content: content(),
                partition: Some(2),
                ..Default::default()
            },
            "BAD_PARTITION",
            "partitions",
            "2",
        ),
        (
            SubmitTransactionRequest::default(),
            "MISSING_FIELD",
            "field",
            "content",
        ),
    ];
    for (request, expected, key, value) in cases {
        let status = stage.call(request).await.unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            (expected, Code::InvalidArgument)
        );
        assert_eq!(fact(&status, key).as_deref(), Some(value));
        assert_eq!(kit::status::fields(&status).len(), 1, "{expected}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_need_an_open_chain() {
    let genesis = Genesis {
        open: false,
        ..open_genesis()
    };
    let stage = Stage::with(Journal::memory(), genesis, &[]).await;
    let to_a_name = stage.signed(1, 7);
    assert!(!to_a_name.recipient_account().unwrap().is_key());
    for content in [
        record(&to_a_name),
        Content::Transaction(note("alice", "hi")),
    ] {
        let status = stage.submit(content).await.unwrap_err();
        assert_eq!(reason(&status), "NAMES_NOT_ALLOWED");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_transaction_if_it_can() {
    let stage = Stage::open(&[]).await;
    let mut transaction = stage.signed(1, 7);
    transaction.amount = 2;
    let id = transaction.id(&stage.rules.chain_id).unwrap().to_string();
    let status = stage.submit(record(&transaction)).await.unwrap_err();
    assert_eq!(fact(&status, "id"), Some(id));
    assert_eq!(fact(&status, "nonce").as_deref(), Some("7"));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_grow_with_what_is_refused() {
    use prost::Message as _;
    let stage = Stage::open(&[]).await;
    let request = |tag| SubmitTransactionsRequest {
        tag,
        request: Some(SubmitTransactionRequest {
            content: Some(with(|t| t.sender = "\u{1}".repeat(100_000))),
            ..Default::default()
        }),
    };
    let requests = tokio_stream::iter((0..300).map(request));
    let mut client = stage.client.clone();
    let replies = client.submit_transactions(requests).await.unwrap();
    let mut replies = replies.into_inner();
    let mut seen = 0;
    while let Some(reply) = replies.message().await.unwrap() {
        seen += 1;
        assert!(reply.encoded_len() <= 1024, "{} bytes", reply.encoded_len());
    }
    assert_eq!(seen, 300);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_almost_a_day_ahead_gets_through() {
    let stage = Stage::open(&[]).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let nonce = now.as_micros() as u64 + DAY_US - 60_000_000;
    let sent = stage.submit(with(|t| t.nonce = Some(nonce))).await.unwrap();
    assert_eq!(sent.transaction.unwrap().nonce, Some(nonce));
    assert_eq!(name("alice").to_string(), "alice");
    stage.stop().await;
}
