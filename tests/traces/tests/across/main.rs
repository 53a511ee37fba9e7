//! Transactions with a `traceparent` through ingest, miners and ledger, as the collector of a test sees them.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod collector;
mod exporter;
mod grpcurl;
mod processes;
mod restarts;

use std::future::Future;
use std::time::{Duration, Instant};

use chain::Genesis;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{
    CheckTransactionRequest, GetSubmissionInfoRequest, SubmitTransactionRequest,
};
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{
    GetBlockRequest, GetGenesisRequest, GetLedgerInfoRequest, GetTransactionRequest,
    ListBlocksRequest, ListMinersRequest,
};
use proto::types::v1::Transaction;
use tonic::Request;

use collector::{CONSUMER, Collector, INTERNAL, PRODUCER, SERVER, Span, assert_connected};
use harness::service::{PATIENCE, Running};

const CALLER: &str = "00f067aa0ba902b7";
/// More than a block may carry contexts of.
const MANY: u64 = 200;
const CARRIED: usize = 128;
/// Spans of one transaction: the call, both publishings, process, seal, apply, visible.
const TREE: usize = 7;

type Channel = kit::client::Channel;

/// Where processes run, with a genesis.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let genesis = Genesis {
        name: "traces".into(),
        timestamp_ms: 1,
        open: true,
        partitions: 2,
        ..Genesis::default()
    };
    let json = chain::genesis::to_json(&genesis);
    std::fs::write(folder.path().join("genesis.json"), json).unwrap();
    folder
}

/// The chain of one test, and its collector.
struct Stage {
    collector: Collector,
    endpoint: String,
    folder: tempfile::TempDir,
    journal: String,
}

impl Stage {
    async fn open() -> Option<Stage> {
        let broker = tokio::task::spawn_blocking(harness::kafka).await.unwrap()?;
        let (collector, endpoint) = Collector::start().await;
        Some(Stage {
            collector,
            endpoint,
            folder: folder(),
            journal: format!("kafka://{broker}/{}", harness::unique("traces")),
        })
    }

    async fn start(&self, kind: &'static str, flags: &[&str]) -> Running {
        let mut all = vec!["--journal", &self.journal, "--genesis", "genesis.json"];
        all.extend(flags);
        let (folder, endpoint) = (self.folder.path(), self.endpoint.as_str());
        tokio::task::block_in_place(|| processes::start(kind, folder, endpoint, &all))
    }

    async fn miner(&self, partition: &str, flags: &[&str]) -> Running {
        let account = format!("miner-{partition}");
        let own = [
            "--partition",
            partition,
            "--account",
            &account,
            "--threads",
            "1",
        ];
        let own = [&own[..], flags].concat();
        self.start("miner", &own).await
    }
}

fn trace(number: u64) -> String {
    format!("4bf92f3577b34da6{number:016x}")
}

fn traced<T>(message: T, trace: &str) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{trace}-{CALLER}-01");
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
    request
}

fn transaction(number: u64, partition: u32) -> SubmitTransactionRequest {
    SubmitTransactionRequest {
        content: Some(Content::Transaction(Transaction {
            sender: format!("sender-{number}"),
            recipient: "bob".into(),
            amount: Some(1),
            nonce: Some(1),
            ..Transaction::default()
        })),
        partition: Some(partition),
        ..SubmitTransactionRequest::default()
    }
}

/// Submits in a trace; the transaction's id.
async fn submit(
    client: &mut IngestServiceClient<Channel>,
    number: u64,
    partition: u32,
    trace: &str,
) -> String {
    let request = traced(transaction(number, partition), trace);
    let answer = client.submit_transaction(request).await.unwrap();
    let told = answer.metadata().get("x-blocklog-trace-id");
    assert_eq!(told.unwrap().to_str().unwrap(), trace);
    answer.into_inner().transaction.unwrap().id
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "no {what} in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The one span of that name, below its parent.
fn one<'a>(spans: &'a [Span], name: &str, kind: i32, service: &str, parent: &str) -> &'a Span {
    let found = named(spans, name);
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    let span = found[0];
    let about = (span.kind, span.service.as_str(), span.parent.as_str());
    assert_eq!(about, (kind, service, parent), "{spans:#?}");
    span
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tree_for_each_transaction_of_a_great_block_over_a_restart_of_the_miner() {
    let Some(stage) = Stage::open().await else {
        return;
    };
    let ledger = stage.start("ledger", &[]).await;
    let ingest = stage.start("ingest", &["--ledger", &ledger.url]).await;
    // It reads the records, and is gone before there are enough for a block.
    let patient = ["--block-records", "100000", "--block-age", "1h"];
    let miner = stage.miner("0", &patient).await;
    let client = IngestServiceClient::new(kit::client::channel(&ingest.url).unwrap());
    let submissions = (0..MANY).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move { submit(&mut client, number, 0, &trace(number)).await })
    });
    let mut ids = vec![];
    for submission in submissions.collect::<Vec<_>>() {
        ids.push(submission.await.unwrap());
    }
    drop(miner);
    // All of them, or none: a block of what happened to be read first would carry fewer.
    let many = MANY.to_string();
    let at_once = ["--block-records", &many, "--block-age", "1h"];
    let _miner = stage.miner("0", &at_once).await;

    let ledger = LedgerServiceClient::new(kit::client::channel(&ledger.url).unwrap());
    let height = included(&ledger, &ids[0], &trace(0)).await;
    for (number, id) in (0..).zip(&ids) {
        assert_eq!(included(&ledger, id, &trace(number)).await, height);
    }
    let carried = until("whole traces that end in the ledger", || async {
        let spans = stage.collector.all();
        let visible = spans.iter().filter(|span| span.name == "visible");
        let mut traces: Vec<_> = visible.map(|span| span.trace.clone()).collect();
        // The services export each on their own: the ledger's end may arrive before the miner's part.
        traces.retain(|trace| spans.iter().filter(|span| span.trace == *trace).count() >= TREE);
        // One more is that of the batch, whose trace is not sampled here.
        (traces.len() >= CARRIED).then_some(traces)
    })
    .await;
    assert_batches(&stage.collector.all());
    for trace in carried {
        assert_tree(&stage, &stage.collector.trace(&trace), height);
    }
}

/// Waits until the transaction is in a block, with its trace id; the height.
async fn included(ledger: &LedgerServiceClient<Channel>, id: &str, trace: &str) -> u64 {
    let status = until("block with the transaction", || async {
        let request = GetTransactionRequest { id: id.to_owned() };
        let answer = ledger.clone().get_transaction(request).await.ok()?;
        let status = answer.into_inner().status?;
        // The ledger learns the trace from the topic, which it reads beside the blocks.
        (status.block.is_some() && !status.trace_id.is_empty()).then_some(status)
    })
    .await;
    assert_eq!(status.trace_id, trace);
    status.block.unwrap().height()
}

/// What is done for many transactions at once links to their traces, as far as a span may.
fn assert_batches(spans: &[Span]) {
    let linked = spans.iter().filter(|span| !span.links.is_empty());
    let most = linked.inspect(|span| assert!(span.links.len() <= CARRIED, "{span:?}"));
    let names: Vec<_> = most.map(|span| span.name.as_str()).collect();
    for batch in ["poll ", "evaluate"] {
        let made = names.iter().any(|name| name.starts_with(batch));
        assert!(made, "no {batch} in {names:?}");
    }
    let seal = named(spans, "seal block");
    assert!(
        seal.iter().any(|span| span.links.len() == CARRIED),
        "{seal:#?}"
    );
}

fn assert_tree(stage: &Stage, spans: &[Span], height: u64) {
    let prefix = stage.journal.rsplit_once('/').unwrap().1;
    let topic = |operation: &str, name: &str| format!("{operation} {prefix}-{name}");
    assert_connected(spans, CALLER);
    let call = "blocklog.ingest.v1.IngestService/SubmitTransaction";
    let submit = one(spans, call, SERVER, "blocklog-ingest", CALLER);
    assert_eq!(submit.attributes["rpc.grpc.status_code"], "0");
    let name = topic("publish", "transactions");
    let append = one(spans, &name, PRODUCER, "blocklog-ingest", &submit.id);
    let name = topic("process", "transactions");
    let process = one(spans, &name, CONSUMER, "blocklog-miner", &append.id);
    let seal = one(spans, "seal", INTERNAL, "blocklog-miner", &process.id);
    let name = topic("publish", "blockchain");
    let propose = one(spans, &name, PRODUCER, "blocklog-miner", &process.id);
    let name = topic("apply", "blockchain");
    let apply = one(spans, &name, CONSUMER, "blocklog-ledger", &propose.id);
    one(spans, "visible", INTERNAL, "blocklog-ledger", &apply.id);
    assert_eq!(spans.len(), 7, "{spans:#?}");
    for span in [append, process, propose, apply] {
        assert_eq!(span.attributes["messaging.system"], "kafka");
        assert!(span.attributes.contains_key("messaging.operation.type"));
    }
    assert_eq!(append.attributes["messaging.destination.partition.id"], "0");
    assert!(append.attributes.contains_key("messaging.kafka.offset"));
    assert_eq!(
        apply.attributes["messaging.kafka.offset"],
        propose.attributes["messaging.kafka.offset"]
    );
    for span in [seal, apply] {
        assert_eq!(span.attributes["blocklog.block.height"], height.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_loses_a_race_tries_again_in_the_same_trace() {
    let Some(stage) = Stage::open().await else {
        return;
    };
    let ledger = stage.start("ledger", &[]).await;
    let ingest = stage.start("ingest", &["--ledger", &ledger.url]).await;
    let at_once = ["--block-records", "1"];
    let _miners = [
        stage.miner("0", &at_once).await,
        stage.miner("1", &at_once).await,
    ];
    let client = IngestServiceClient::new(kit::client::channel(&ingest.url).unwrap());
    let mut number = 0;
    let retried = loop {
        let pair = [0, 1].map(|partition| {
            let (mut client, number) = (client.clone(), number + u64::from(partition));
            let trace = trace(0x1_0000 + number);
            tokio::spawn(async move {
                submit(&mut client, number, partition, &trace).await;
                trace
            })
        });
        number += 2;
        let mut found = None;
        for submission in pair {
            let trace = submission.await.unwrap();
            let spans = until("end of the trace", || async {
                let spans = stage.collector.trace(&trace);
                (!named(&spans, "visible").is_empty() && spans.len() >= 7).then_some(spans)
            })
            .await;
            if named(&spans, "seal").len() > 1 {
                found = Some(trace);
            }
        }
        if let Some(trace) = found {
            break trace;
        }
        assert!(number < 400, "two miners never raced");
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let spans = stage.collector.trace(&retried);
    assert_connected(&spans, CALLER);
    let prefix = stage.journal.rsplit_once('/').unwrap().1;
    assert_eq!(
        named(&spans, &format!("process {prefix}-transactions")).len(),
        1,
        "{spans:#?}"
    );
    assert_eq!(
        named(&spans, &format!("apply {prefix}-blockchain")).len(),
        1,
        "{spans:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_calls_are_seven_spans() {
    let Some(stage) = Stage::open().await else {
        return;
    };
    let ledger = stage.start("ledger", &[]).await;
    let ingest = stage.start("ingest", &[]).await;
    let channel = |url: &str| kit::client::channel(url).unwrap();
    let mut ingest = IngestServiceClient::new(channel(&ingest.url));
    let mut ledger = LedgerServiceClient::new(channel(&ledger.url));
    let id = trace(0xcafe);
    let block = GetBlockRequest {
        id: Some(proto::ledger::v1::get_block_request::Id::Height(0)),
        ..GetBlockRequest::default()
    };
    ledger
        .get_ledger_info(traced(GetLedgerInfoRequest::default(), &id))
        .await
        .unwrap();
    ledger
        .get_genesis(traced(GetGenesisRequest::default(), &id))
        .await
        .unwrap();
    ledger.get_block(traced(block, &id)).await.unwrap();
    ledger
        .list_blocks(traced(ListBlocksRequest::default(), &id))
        .await
        .unwrap();
    ledger
        .list_miners(traced(ListMinersRequest::default(), &id))
        .await
        .unwrap();
    ingest
        .get_submission_info(traced(GetSubmissionInfoRequest::default(), &id))
        .await
        .unwrap();
    ingest
        .check_transaction(traced(CheckTransactionRequest::default(), &id))
        .await
        .unwrap_err();
    let mut spans = until("seven spans", || async {
        let spans = stage.collector.all();
        (spans.len() >= 7).then_some(spans)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    spans.extend(stage.collector.all().into_iter().skip(spans.len()));
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "blocklog.ingest.v1.IngestService/CheckTransaction",
        "blocklog.ingest.v1.IngestService/GetSubmissionInfo",
        "blocklog.ledger.v1.LedgerService/GetBlock",
        "blocklog.ledger.v1.LedgerService/GetGenesis",
        "blocklog.ledger.v1.LedgerService/GetLedgerInfo",
        "blocklog.ledger.v1.LedgerService/ListBlocks",
        "blocklog.ledger.v1.LedgerService/ListMiners",
    ];
    assert_eq!(names, expected);
}
