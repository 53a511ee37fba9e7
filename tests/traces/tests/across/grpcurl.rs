//! A caller who knows nothing of this workspace: grpcurl, with a `traceparent` of its own.

use std::process::{Command, Output};

use proto::ledger::v1::ledger_service_client::LedgerServiceClient;

use super::{CALLER, Stage, assert_tree, included, named, trace, until};

const METHOD: &str = "blocklog.ingest.v1.IngestService/SubmitTransaction";

/// What grpcurl prints, if it is there. CI installs it, and must not skip what needs it.
fn grpcurl(args: &[&str]) -> Option<Output> {
    match Command::new("grpcurl").args(args).output() {
        Ok(output) => Some(output),
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("grpcurl: {error}; .ci/run installs it")
        }
        Err(error) => {
            eprintln!("skipped, without grpcurl: {error}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_caller_by_grpcurl_ends_in_the_ledger() {
    if grpcurl(&["-version"]).is_none() {
        return;
    }
    let Some(stage) = Stage::open().await else {
        return;
    };
    let ledger = stage.start("ledger", &[]).await;
    let ingest = stage.start("ingest", &["--ledger", &ledger.url]).await;
    let _miner = stage.miner("0", &["--block-records", "1"]).await;
    let trace = trace(0x3_0000);
    let parent = format!("traceparent: 00-{trace}-{CALLER}-01");
    let body = r#"{"transaction": {"sender": "carol", "recipient": "bob", "amount": "1", "nonce": "1"}, "partition": 0}"#;
    let address = ingest.url.trim_start_matches("http://").to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let args = [
            "-v",
            "-plaintext",
            "-H",
            &parent,
            "-d",
            body,
            &address,
            METHOD,
        ];
        grpcurl(&args).unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains(&format!("x-blocklog-trace-id: {trace}")),
        "{said}"
    );
    let (_, id) = said.split_once(r#""id": ""#).unwrap();
    let (id, _) = id.split_once('"').unwrap();

    let ledger = LedgerServiceClient::new(kit::client::channel(&ledger.url).unwrap());
    let height = included(&ledger, id, &trace).await;
    let spans = until("end of the trace", || async {
        let mut spans = stage.collector.trace(&trace);
        // grpcurl sends its headers to the reflection service too, which it asks first.
        spans.retain(|span| !span.name.starts_with("grpc.reflection."));
        (!named(&spans, "visible").is_empty() && spans.len() >= 7).then_some(spans)
    })
    .await;
    assert_tree(&stage, &spans, height);
}
