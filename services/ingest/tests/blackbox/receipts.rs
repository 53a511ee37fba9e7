//! What is taken, and how it is acknowledged.

use chain::Transaction;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{
    CheckTransactionRequest, CheckTransactionResponse, GetSubmissionInfoRequest,
    SubmitTransactionRequest, check_transaction_request as check,
};
use proto::types::v1 as types;
use proto::wire;

use crate::stage::{Stage, note, record};

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_where_the_record_is() {
    let stage = Stage::open(&[]).await;
    let transaction = stage.signed(1, 7);
    let id = transaction.id(&stage.rules.chain_id);
    let receipt = stage.submit(record(&transaction)).await.unwrap();
    let position = receipt.position.unwrap();
    let partitions = stage.rules.genesis.partitions;
    let expected = journal::murmur2_partition(&transaction.sender, partitions);
    assert_eq!(position.partition, Some(expected));
    assert_eq!(position.offset, Some(0));
    assert!(receipt.append_time.unwrap().seconds > 1_600_000_000);
    assert_eq!(
        receipt.transaction,
        Some(wire::from_transaction(&transaction, id))
    );
    let [stored] = &stage.log(expected)[..] else {
        panic!("one record")
    };
    assert_eq!(stored.value, transaction.encode());
    assert_eq!(stored.key.as_ref(), Some(&transaction.sender));
    let types: Vec<_> = stored
        .headers
        .iter()
        .filter(|(name, _)| name == "content-type")
        .collect();
    assert_eq!(types.len(), 1);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_are_harmless() {
    let stage = Stage::open(&[]).await;
    let transaction = stage.signed(1, 7);
    let first = stage.submit(record(&transaction)).await.unwrap();
    let again = stage.submit(record(&transaction)).await.unwrap();
    // As people write it, it is the same record.
    let written = Content::Transaction(first.transaction.clone().unwrap());
    let written = stage.submit(written).await.unwrap();
    for (reply, offset) in [(&first, 0), (&again, 1), (&written, 2)] {
        assert_eq!(reply.transaction, first.transaction);
        assert_eq!(reply.position.unwrap().offset, Some(offset));
    }
    let values: Vec<_> = stage
        .log(first.position.unwrap().partition())
        .into_iter()
        .map(|r| r.value)
        .collect();
    assert_eq!(values, vec![transaction.encode(); 3]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_without_nonce_are_numbered_in_the_order_of_the_log() {
    let stage = Stage::open(&[]).await;
    let mut calls = Vec::new();
    for at in 0..200 {
        let content = Some(Content::Transaction(note("alice", &format!("{at}"))));
        let request = SubmitTransactionRequest {
            content,
            ..Default::default()
        };
        let mut client = stage.client.clone();
        calls.push(tokio::spawn(async move {
            client.submit_transaction(request).await
        }));
    }
    let mut found = Vec::new();
    for call in calls {
        let reply = call.await.unwrap().unwrap().into_inner();
        found.push((
            reply.position.unwrap().offset(),
            reply.transaction.unwrap().nonce(),
        ));
    }
    found.sort_unstable();
    assert!(found.is_sorted_by(|a, b| a.1 < b.1), "{found:?}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_given_by_hand_is_obeyed() {
    let stage = Stage::open(&[]).await;
    for partition in [0, 1] {
        let request = SubmitTransactionRequest {
            content: Some(Content::Transaction(note("alice", "hi"))),
            partition: Some(partition),
            chain_id: stage.rules.chain_id.to_string().to_uppercase(),
        };
        let reply = stage.call(request).await.unwrap();
        assert_eq!(reply.position.unwrap().partition, Some(partition));
    }
    stage.stop().await;
}

async fn checked(stage: &Stage, content: check::Content) -> CheckTransactionResponse {
    let request = CheckTransactionRequest {
        content: Some(content),
    };
    let mut client = stage.client.clone();
    let reply = client.check_transaction(request).await;
    reply.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_tells_what_to_sign() {
    let stage = Stage::open(&[]).await;
    let transaction = stage.signed(1, 7);
    let id = transaction.id(&stage.rules.chain_id);
    let full = wire::from_transaction(&transaction, id);
    let unsigned = types::Transaction {
        signature: String::new(),
        ..full.clone()
    };
    let to_sign = hex(&transaction.signed_bytes(&stage.rules.chain_id));
    let reply = checked(&stage, check::Content::Transaction(unsigned)).await;
    assert_eq!(reply.would_fail(), types::Verdict::BadSignature);
    assert_eq!(reply.signed_bytes, to_sign);
    assert_eq!(
        (reply.record.as_str(), reply.transaction.unwrap().id),
        ("", full.id.clone())
    );

    let reply = checked(&stage, check::Content::Transaction(full.clone())).await;
    assert_eq!(reply.would_fail(), types::Verdict::Unspecified);
    assert_eq!(reply.record, hex(&transaction.encode()));
    assert_eq!(reply.transaction, Some(full));

    let reply = checked(&stage, check::Content::Record(transaction.encode())).await;
    assert_eq!(
        (reply.would_fail(), reply.signed_bytes),
        (types::Verdict::Unspecified, to_sign)
    );
    assert!(stage.log(0).is_empty() && stage.log(1).is_empty());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_tells_what_would_fail_and_appends_nothing() {
    let stage = Stage::open(&[]).await;
    let reply = checked(&stage, check::Content::Record("junk".into())).await;
    assert_eq!(
        (reply.would_fail(), reply.transaction),
        (types::Verdict::Undecodable, None)
    );

    let reply = checked(
        &stage,
        check::Content::Transaction(note("Not A Name", "hi")),
    )
    .await;
    assert_eq!(reply.would_fail(), types::Verdict::BadAccount);

    let reply = checked(&stage, check::Content::Transaction(note("alice", "hi"))).await;
    assert_eq!(reply.would_fail(), types::Verdict::Unspecified);
    let understood = reply.transaction.unwrap();
    assert_eq!(
        (
            understood.nonce,
            understood.id.as_str(),
            reply.record.as_str()
        ),
        (None, "", "")
    );

    let zero = Transaction {
        nonce: 0,
        ..stage.signed(1, 7)
    };
    let zero = zero.sign(&stage.rules.chain_id, &chain::testing::secret(1));
    let reply = checked(&stage, check::Content::Record(zero.encode())).await;
    assert_eq!(reply.would_fail(), types::Verdict::NonceTooLow);

    assert!(stage.log(0).is_empty() && stage.log(1).is_empty());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_says_which_chain_it_is_for() {
    let stage = Stage::open(&[]).await;
    let mut client = stage.client.clone();
    let info = client
        .get_submission_info(GetSubmissionInfoRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(info.chain_id, stage.rules.chain_id.to_string());
    assert_eq!((info.chain_name.as_str(), info.open), ("stage", true));
    assert_eq!(info.topic, "transactions");
    assert_eq!(
        (info.partitions, info.max_record_bytes, info.max_memo_bytes),
        (Some(2), Some(1024), Some(256))
    );
    stage.stop().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
