//! The way of a transaction into a block.

use bytes::Bytes;
use chain::Slot;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::*;
use proto::types::v1::{Position, Verdict};
use tokio::time::timeout;
use tonic::{Code, Streaming};

use crate::stage::{Node, PATIENCE, Sent, Stage, position, reason};

type Watch = Streaming<WatchTransactionResponse>;

async fn watch(running: &Node, id: String, position: Option<Position>) -> Watch {
    let request = WatchTransactionRequest { id, position };
    let reply = running.ledger.clone().watch_transaction(request).await;
    reply.expect("a stream").into_inner()
}

async fn next(watch: &mut Watch) -> Option<TransactionStatus> {
    let message = timeout(PATIENCE, watch.message()).await.expect("in time");
    message
        .expect("no error")
        .map(|reply| reply.status.unwrap())
}

/// Reads to the end: the states on the way, and the last status.
async fn all(watch: &mut Watch) -> (Vec<(State, Option<u64>)>, TransactionStatus) {
    let (mut states, mut last) = (Vec::new(), TransactionStatus::default());
    while let Some(status) = next(watch).await {
        let ahead = status.record.as_ref().and_then(|record| record.queue_ahead);
        states.push((status.state(), ahead));
        last = status;
    }
    (states, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_unknown_through_the_queue_into_a_block() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    stage.send(0, "bank", "carol", 1);
    let payment = stage.payment("carol", 1);
    let id = payment.id(&stage.chain_id()).unwrap();
    let mut stream = watch(&running, id.to_string(), None).await;
    let first = next(&mut stream).await.unwrap();
    assert_eq!(
        (first.state(), first.record.is_none(), first.block.is_none()),
        (State::Unknown, true, true)
    );
    let sent = stage.publish(0, &payment);
    let second = next(&mut stream).await.unwrap();
    assert_eq!(second.state(), State::Pending);
    assert_eq!(second.record.as_ref().unwrap().queue_ahead, Some(1));
    assert_eq!(second.record.unwrap().position, sent.position());
    // The first record goes ahead alone.
    let slots = stage.slots(0);
    stage.seal_as(0, slots[..1].to_vec());
    let third = next(&mut stream).await.unwrap();
    assert_eq!(
        (third.state(), third.record.unwrap().queue_ahead),
        (State::Pending, Some(0))
    );
    stage.seal(0);
    let last = next(&mut stream).await.unwrap();
    assert_eq!(
        (last.state(), last.block.unwrap().height),
        (State::Included, Some(2))
    );
    assert!(next(&mut stream).await.is_none());

    // Whoever comes later is told the end at once.
    let (states, _) = all(&mut watch(&running, sent.id.to_string(), None).await).await;
    assert_eq!(states, [(State::Included, None)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_end() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let payment = stage.payment("carol", 5000);
    let sent = stage.publish(0, &payment);
    let mut stream = watch(&running, sent.id.to_string(), sent.position()).await;
    stage.seal(0);
    let (_, last) = all(&mut stream).await;
    assert_eq!(last.state(), State::Rejected);
    assert_eq!(last.record.unwrap().verdict(), Verdict::InsufficientFunds);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_submitted_twice_is_included_once() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let payment = stage.payment("carol", 1);
    let first = stage.publish(0, &payment);
    let second = stage.publish(0, &payment);
    for position in [None, first.position(), second.position()] {
        let mut stream = watch(&running, first.id.to_string(), position).await;
        let status = next(&mut stream).await.unwrap();
        assert!(
            matches!(status.state(), State::Pending | State::Unknown),
            "{status:?}"
        );
    }
    stage.seal(0);
    running.at(1).await;
    for position in [None, first.position(), second.position()] {
        let (states, last) = all(&mut watch(&running, first.id.to_string(), position).await).await;
        assert_eq!(states, [(State::Included, None)]);
        assert_eq!(last.record.unwrap().position, first.position());
    }
    let request = GetRecordRequest {
        position: second.position(),
        with_raw: false,
    };
    let record = running
        .ledger
        .clone()
        .get_record(request)
        .await
        .unwrap()
        .into_inner()
        .record
        .unwrap();
    assert_eq!(record.verdict(), Verdict::NonceTooLow);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_a_bad_signature_ends_nothing() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let payment = stage.payment("carol", 1);
    let mut forged = payment.clone();
    forged.signature = Bytes::from(vec![7; 64]);
    let forged = stage.publish(0, &forged);
    running.waiting(0, 1).await;
    let mut stream = watch(&running, forged.id.to_string(), None).await;
    assert_eq!(next(&mut stream).await.unwrap().state(), State::Unknown);
    stage.seal(0);
    running.at(1).await;
    running.audited(1).await;
    stage.publish(0, &payment);
    stage.seal(0);
    let (states, last) = all(&mut stream).await;
    assert_eq!(states.last(), Some(&(State::Included, None)));
    assert!(
        states[..states.len() - 1]
            .iter()
            .all(|(state, _)| *state == State::Pending)
    );
    assert_eq!(last.block.unwrap().height, Some(2));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_block_leaves_out_is_omitted() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let lost = stage.send(0, "bank", "carol", 1);
    let replaced = stage.send(0, "bank", "carol", 2);
    running.waiting(0, 2).await;
    let start = async |sent: &Sent, position| watch(&running, sent.id.to_string(), position).await;
    let mut streams = vec![
        start(&lost, None).await,
        start(&lost, lost.position()).await,
        start(&replaced, None).await,
        start(&replaced, replaced.position()).await,
    ];
    for stream in &mut streams {
        assert_eq!(next(stream).await.unwrap().state(), State::Pending);
    }
    let other = stage.note("bank", "eve", 9).encode();
    let other = chain::record::check(other, stage.chain.rules());
    stage.seal_as(0, vec![Slot::Hole(1), Slot::Record(other)]);
    for stream in &mut streams {
        let (states, last) = all(stream).await;
        assert_eq!(states, [(State::Omitted, None)]);
        assert_eq!(last.block.unwrap().height, Some(1));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_can_be_submitted_again() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let transaction = stage.note("bank", "carol", 1);
    let lost = stage.publish(0, &transaction);
    stage.seal_as(0, vec![Slot::Hole(1)]);
    running.audited(1).await;
    let id = lost.id.to_string();
    let (states, _) = all(&mut watch(&running, id.clone(), None).await).await;
    assert_eq!(states, [(State::Omitted, None)]);
    // The position of the next copy is known before the ledger has read it.
    let mut stream = watch(&running, id.clone(), position(0, 1)).await;
    assert_eq!(next(&mut stream).await.unwrap().state(), State::Unknown);
    let again = stage.publish(0, &transaction);
    assert_eq!(again.position(), position(0, 1));
    assert_eq!(next(&mut stream).await.unwrap().state(), State::Pending);
    stage.seal(0);
    let (states, last) = all(&mut stream).await;
    assert_eq!(states, [(State::Included, None)]);
    assert_eq!(last.record.unwrap().position, again.position());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_cannot_be_is_refused() {
    let stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut ledger = running.ledger.clone();
    for (id, position, why) in [
        ("00".repeat(32), position(7, 0), "BAD_PARTITION"),
        (
            "00".repeat(32),
            Some(Position {
                partition: None,
                offset: Some(1),
            }),
            "MISSING_FIELD",
        ),
        ("0".into(), None, "BAD_FIELD"),
    ] {
        let error = ledger
            .watch_transaction(WatchTransactionRequest { id, position })
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), reason(&error).as_str()),
            (Code::InvalidArgument, why)
        );
    }
    running.stop().await;
}
