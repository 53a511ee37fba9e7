//! One sender that pipelines on a stream, over a log that fails: what is acknowledged must be included.

use std::collections::BTreeSet;

use journal::{Chances, Journal};
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::submit_transactions_response::Outcome;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionsRequest};

use crate::stage::{Stage, note, open_genesis};

const NONCES: u64 = 3_000;

fn request(nonce: u64) -> SubmitTransactionsRequest {
    let mut transaction = note("alice", "hi");
    transaction.nonce = Some(nonce);
    SubmitTransactionsRequest {
        tag: nonce,
        request: Some(SubmitTransactionRequest {
            content: Some(Content::Transaction(transaction)),
            ..Default::default()
        }),
    }
}

/// Sends on one stream what has not been acknowledged, in order, as a client that has to reconnect does.
async fn send(stage: &Stage, acknowledged: &mut BTreeSet<u64>, gone: &mut BTreeSet<u64>) {
    let left = (1..=NONCES).filter(|nonce| !acknowledged.contains(nonce) && !gone.contains(nonce));
    let requests: Vec<_> = left.map(request).collect();
    let requests = tokio_stream::iter(requests);
    let mut client = stage.client.clone();
    let replies = client.submit_transactions(requests).await.unwrap();
    let mut replies = replies.into_inner();
    while let Some(reply) = replies.message().await.unwrap() {
        match reply.outcome.unwrap() {
            Outcome::Accepted(_) => {
                acknowledged.insert(reply.tag);
            }
            Outcome::Refused(refusal) if refusal.reason == "OVERTAKEN" => {
                assert!(refusal.metadata.contains_key("by"), "{refusal:?}");
                gone.insert(reply.tag);
            }
            Outcome::Refused(refusal) => {
                let reason = refusal.reason.as_str();
                let expected = ["OUTCOME_UNKNOWN", "EARLIER_GIVEN_UP", "LOG_UNAVAILABLE"];
                assert!(expected.contains(&reason), "{refusal:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pipelining_sender_is_told_is_true() {
    let journal = Journal::memory();
    let faults = journal.faults().expect("a memory journal has them");
    let stage = Stage::with(journal, open_genesis(), &[]).await;
    let (mut acknowledged, mut gone) = (BTreeSet::new(), BTreeSet::new());
    let chances = Chances {
        refused: 0.02,
        lost_acks: 0.02,
        ..Chances::default()
    };
    faults.set_chances(chances, 3);
    for _ in 0..10 {
        send(&stage, &mut acknowledged, &mut gone).await;
    }
    faults.set_chances(Chances::default(), 3);
    send(&stage, &mut acknowledged, &mut gone).await;
    assert_eq!(acknowledged.len() + gone.len(), NONCES as usize);
    let (mut last, mut included) = (0, BTreeSet::new());
    for record in [stage.log(0), stage.log(1)].concat() {
        let nonce = chain::Transaction::decode(&record.value).unwrap().nonce;
        if nonce > last {
            last = nonce;
            included.insert(nonce);
        }
    }
    let void: Vec<_> = acknowledged.difference(&included).collect();
    assert!(void.is_empty(), "acknowledged and void: {void:?}");
    stage.stop().await;
}
