//! What a ledger finds when it starts: a log, what it left itself, no chain, a folder that it cannot use.

use std::time::Duration;

use bytes::Bytes;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{GetBlockRequest, GetLedgerInfoRequest};
use proto::{metadata, reason};
use tonic::{Code, Request};

use crate::stage::{self, Stage, min_height};

fn grow(stage: &mut Stage, blocks: u32) {
    for n in 0..blocks {
        for amount in 1..=n % 7 + 1 {
            stage.send(n % 2, "bank", "carol", amount.into());
        }
        stage.seal(n % 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_what_the_log_holds() {
    let mut stage = Stage::new();
    grow(&mut stage, 20);
    stage.append_raw(Bytes::from_static(b"junk"));
    let node = stage.start(&[]).await;
    let whole = GetBlockRequest {
        with_raw: true,
        with_records: true,
        ..Default::default()
    };
    let mut client = node.ledger.clone();
    let reply = client.get_block(min_height(whole, 20)).await.unwrap();
    assert_eq!(reply.metadata().get(metadata::HEIGHT).unwrap(), "20");
    let block = reply.into_inner().block.unwrap();
    assert_eq!(&block.raw, stage.accepted[20].block.value());
    assert_eq!(
        block.records.len(),
        stage.accepted[20].block.records().len()
    );
    let by_hash = Id::Hash(stage.accepted[7].hash().to_string().to_uppercase());
    let by_hash = GetBlockRequest {
        id: Some(by_hash),
        ..Default::default()
    };
    assert_eq!(node.block(by_hash).await.unwrap().height, Some(7));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_restart_and_makes_readers_wait_for_what_they_ask() {
    let (data, mut stage) = (tempfile::tempdir().unwrap(), Stage::new());
    grow(&mut stage, 20);
    let node = stage.start_in(data.path(), &[]).await;
    node.ready().await;
    node.stop().await;

    grow(&mut stage, 3);
    let node = stage.start_in(data.path(), &[]).await;
    node.ready().await;
    let info = node.at(23).await;
    assert_eq!(info.tip.unwrap().hash, stage.chain.tip().hash.to_string());
    assert_eq!(info.supply.map(i128::from), Some(stage.chain.supply()));
    assert_eq!(info.applied_offset, Some(24 + stage.refused.len() as u64));
    // Three more blocks while it runs; a read that asks for them waits.
    let waiting = tokio::spawn({
        let mut client = node.ledger.clone();
        let request = min_height(GetLedgerInfoRequest {}, 26);
        async move { client.get_ledger_info(request).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    grow(&mut stage, 3);
    let last = stage.send(1, "bank", "carol", 1);
    let info = waiting.await.unwrap().unwrap().into_inner();
    assert_eq!(info.tip.unwrap().height, Some(26));
    let deep = node
        .until(|info| {
            info.audit.as_ref().unwrap().checked_height == Some(26)
                && info.partitions[1].oldest_pending_time.is_some()
        })
        .await;
    assert_eq!(deep.partitions[1].end_offset, Some(last.offset + 1));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_stable_reasons() {
    let mut stage = Stage::new();
    grow(&mut stage, 1);
    let node = stage.start(&[]).await;
    let mut client = node.ledger.clone();
    let mut refused = async |id: Id, min: Option<u64>| {
        let message = GetBlockRequest {
            id: Some(id),
            ..Default::default()
        };
        let mut request = min.map_or(Request::new(message.clone()), |min| {
            min_height(message, min)
        });
        request.set_timeout(Duration::from_millis(400));
        let status = client.get_block(request).await.unwrap_err();
        (status.code(), stage::reason(&status))
    };
    assert_eq!(
        refused(Id::Height(2), None).await,
        (Code::OutOfRange, reason::HEIGHT_ABOVE_TIP.into())
    );
    assert_eq!(
        refused(Id::Hash("00".repeat(32)), None).await,
        (Code::NotFound, reason::UNKNOWN_BLOCK.into())
    );
    assert_eq!(
        refused(Id::Hash("zz".into()), None).await,
        (Code::InvalidArgument, reason::BAD_FIELD.into())
    );
    assert_eq!(
        refused(Id::Height(0), Some(9)).await,
        (Code::Unavailable, reason::CATCHING_UP.into())
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_block_zero_it_waits_and_says_so() {
    let (data, mut stage) = (tempfile::tempdir().unwrap(), Stage::bare("stage"));
    let node = stage.start_in(data.path(), &[]).await;
    node.unready(reason::NO_CHAIN).await;
    let request = GetLedgerInfoRequest {};
    let status = node.ledger.clone().get_ledger_info(request).await;
    let status = status.unwrap_err();
    assert_eq!(
        (status.code(), stage::reason(&status).as_str()),
        (Code::FailedPrecondition, reason::NO_CHAIN)
    );
    stage.establish();
    grow(&mut stage, 2);
    node.ready().await;
    assert_eq!(node.at(2).await.tip.unwrap().height, Some(2));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let (data, stage) = (tempfile::tempdir().unwrap(), Stage::new());
    let node = stage.start_in(data.path(), &[]).await;
    node.ready().await;
    let second = stage.start_in(data.path(), &[]).await;
    let error = second.ended().await.unwrap_err();
    assert!(
        format!("{error:#}").contains("in use by another process"),
        "{error:#}"
    );
    node.stop().await;
    let file = data.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let node = stage.start_in(&file, &[]).await;
    let error = node.ended().await.unwrap_err();
    assert!(format!("{error:#}").contains("cannot be used"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_chain_is_refused_unless_it_may_go() {
    let (data, stage) = (tempfile::tempdir().unwrap(), Stage::new());
    let node = stage.start_in(data.path(), &[]).await;
    node.ready().await;
    node.stop().await;
    let other = Stage::bare("other");
    other.establish();
    let node = other.start_in(data.path(), &[]).await;
    let error = node.ended().await.unwrap_err();
    assert!(format!("{error:#}").contains("--reindex"), "{error:#}");
    let node = other.start_in(data.path(), &["--reindex"]).await;
    node.ready().await;
    assert_eq!(node.at(0).await.chain_id, other.chain_id().to_string());
    node.stop().await;
}
