//! Services that are killed between append and block: the trace ends as if nothing had been.

use std::time::Duration;

use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{Stage, assert_tree, included, named, submit, trace, until};

/// Waits until a process has handed on its part of a trace: what is killed keeps nothing.
async fn published(stage: &Stage, trace: &str) {
    let prefix = stage.journal.rsplit_once('/').unwrap().1;
    let name = format!("publish {prefix}-transactions");
    until("span of the append", || async {
        let spans = stage.collector.trace(trace);
        let call = spans.iter().any(|span| span.kind == super::SERVER);
        (call && !named(&spans, &name).is_empty()).then_some(())
    })
    .await;
}

/// Waits until a position has been left that Kafka's own tools can show lag by.
async fn left(stage: &Stage, group: &str, topic: &str) {
    let (place, prefix) = stage.journal.rsplit_once('/').unwrap();
    let name = |of: &str| format!("{prefix}-{of}");
    let asking: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", place.trim_start_matches("kafka://"))
        .set("group.id", name(group))
        .create()
        .unwrap();
    let mut places = TopicPartitionList::new();
    places.add_partition(&name(topic), 0);
    let ask = || asking.committed_offsets(places.clone(), Duration::from_secs(5));
    until("position of a group", || async {
        let found = tokio::task::block_in_place(ask).ok()?;
        let offset = found.elements().first()?.offset().to_raw()?;
        (offset > 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_and_ledger_are_killed_between_append_and_block() {
    let Some(stage) = Stage::open().await else {
        return;
    };
    let ledger = stage.start("ledger", &[]).await;
    let mut traces = vec![];
    // The second run appends behind what the first one left.
    for number in 0..2 {
        let ingest = stage.start("ingest", &["--ledger", &ledger.url]).await;
        let channel = kit::client::channel(&ingest.url).unwrap();
        let trace = trace(0x2_0000 + number);
        let id = submit(&mut IngestServiceClient::new(channel), number, 0, &trace).await;
        published(&stage, &trace).await;
        traces.push((id, trace));
        drop(ingest);
    }
    drop(ledger);
    let ledger = stage.start("ledger", &[]).await;
    let _miner = stage.miner("0", &["--block-records", "1"]).await;

    let client = LedgerServiceClient::new(kit::client::channel(&ledger.url).unwrap());
    let mut heights = vec![];
    for (id, trace) in &traces {
        let height = included(&client, id, trace).await;
        let spans = until("end of the trace", || async {
            let spans = stage.collector.trace(trace);
            (!named(&spans, "visible").is_empty() && spans.len() >= 7).then_some(spans)
        })
        .await;
        assert_tree(&stage, &spans, height);
        heights.push(height);
    }
    let (blockchain, transactions) = ("blockchain", "transactions");
    for (group, topic) in [("ledger", blockchain), ("miner-0", transactions)] {
        left(&stage, group, topic).await;
    }
    // Whoever asks later is told the same, also by a ledger that was killed once more.
    drop(ledger);
    let ledger = stage.start("ledger", &[]).await;
    let client = LedgerServiceClient::new(kit::client::channel(&ledger.url).unwrap());
    for ((id, trace), height) in traces.iter().zip(heights) {
        assert_eq!(included(&client, id, trace).await, height);
    }
}
