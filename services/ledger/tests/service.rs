//! The whole service over a memory journal: flags in, gRPC and readiness out.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[path = "service/node.rs"]
mod node;
#[path = "core/world.rs"]
#[allow(dead_code)]
mod world;

use std::time::Duration;

use bytes::Bytes;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{GetBlockRequest, GetLedgerInfoRequest};
use proto::{metadata, reason};
use tonic::{Code, Request};

use node::{Log, Node};
use world::World;

fn grow(world: &mut World, blocks: usize) {
    for n in 0..blocks {
        for m in 0..n % 7 + 1 {
            world.send(n % 2, "bank", "carol", m as u64 + 1);
        }
        world.seal(n % 2);
    }
}

fn at_least<T>(height: u64, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert(metadata::MIN_HEIGHT, height.into());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_what_the_log_holds() {
    let (data, mut world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    grow(&mut world, 20);
    world.append_raw(Bytes::from_static(b"junk"));
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    let mut client = node.client();
    let reply = client
        .get_block(at_least(
            20,
            GetBlockRequest {
                with_raw: true,
                with_records: true,
                ..Default::default()
            },
        ))
        .await
        .unwrap();
    assert_eq!(reply.metadata().get(metadata::HEIGHT).unwrap(), "20");
    let block = reply.into_inner().block.unwrap();
    assert_eq!(&block.raw, world.accepted[20].block.value());
    assert_eq!(
        block.records.len(),
        world.accepted[20].block.records().len()
    );
    let by_hash = Id::Hash(world.accepted[7].hash().to_string().to_uppercase());
    let found = client
        .get_block(GetBlockRequest {
            id: Some(by_hash),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found.block.unwrap().height, Some(7));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_restart_and_makes_readers_wait_for_what_they_ask() {
    let (data, mut world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    grow(&mut world, 20);
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    node.stop().await.unwrap();

    grow(&mut world, 3);
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    let info = node
        .client()
        .get_ledger_info(at_least(23, GetLedgerInfoRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(info.tip.unwrap().hash, world.chain.tip().hash.to_string());
    assert_eq!(info.supply.map(i128::from), Some(world.chain.supply()));
    assert_eq!(info.applied_offset, Some(world.blocks.len() as u64));
    // Three more blocks while it runs; a read that asks for them waits.
    let waiting = tokio::spawn({
        let mut client = node.client();
        async move {
            client
                .get_ledger_info(at_least(26, GetLedgerInfoRequest {}))
                .await
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    grow(&mut world, 3);
    world.send(1, "bank", "carol", 1);
    log.publish(&world);
    assert_eq!(
        waiting
            .await
            .unwrap()
            .unwrap()
            .into_inner()
            .tip
            .unwrap()
            .height,
        Some(26)
    );
    let deep = node
        .until(|info| {
            info.audit.as_ref().unwrap().checked_height == Some(26)
                && info.partitions[1].oldest_pending_time.is_some()
        })
        .await;
    assert_eq!(deep.partitions[1].end_offset, Some(world.ends[1]));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_stable_reasons() {
    let (data, mut world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    grow(&mut world, 1);
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    let mut client = node.client();
    let mut refused = async |id: Id, min: Option<u64>| {
        let message = GetBlockRequest {
            id: Some(id),
            ..Default::default()
        };
        let mut request = min.map_or(Request::new(message.clone()), |min| at_least(min, message));
        request.set_timeout(Duration::from_millis(400));
        let status = client.get_block(request).await.unwrap_err();
        (status.code(), kit::status::reason(&status).unwrap())
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
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_block_zero_it_waits_and_says_so() {
    let (data, mut world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    let node = Node::start(&log, data.path(), &[]).await;
    node.not_ready(reason::NO_CHAIN).await;
    let status = node
        .client()
        .get_ledger_info(GetLedgerInfoRequest {})
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), kit::status::reason(&status).as_deref()),
        (Code::FailedPrecondition, Some(reason::NO_CHAIN))
    );
    grow(&mut world, 2);
    log.publish(&world);
    node.ready().await;
    assert_eq!(
        node.client()
            .get_ledger_info(at_least(2, GetLedgerInfoRequest {}))
            .await
            .unwrap()
            .into_inner()
            .tip
            .unwrap()
            .height,
        Some(2)
    );
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let (data, world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    let error = Node::start(&log, data.path(), &[])
        .await
        .ended()
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("in use by another process"),
        "{error:#}"
    );
    node.stop().await.unwrap();
    let file = data.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Node::start(&log, &file, &[])
        .await
        .ended()
        .await
        .unwrap_err();
    assert!(format!("{error:#}").contains("cannot be used"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_chain_is_refused_unless_it_may_go() {
    let (data, mut world) = (tempfile::tempdir().unwrap(), World::new());
    let log = Log::new();
    log.publish(&world);
    let node = Node::start(&log, data.path(), &[]).await;
    node.ready().await;
    node.stop().await.unwrap();
    let other = Log::new();
    world = World::named("other");
    other.publish(&world);
    let error = Node::start(&other, data.path(), &[])
        .await
        .ended()
        .await
        .unwrap_err();
    assert!(format!("{error:#}").contains("--reindex"), "{error:#}");
    let node = Node::start(&other, data.path(), &["--reindex"]).await;
    node.ready().await;
    let info = node
        .client()
        .get_ledger_info(GetLedgerInfoRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(info.chain_id, world.chain_id().to_string());
    node.stop().await.unwrap();
}
