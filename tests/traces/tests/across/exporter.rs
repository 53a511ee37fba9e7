//! Collectors that are away, hang or fail: a service goes on as with a good one, says so once, and ends in time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use tonic::{Request, Response, Status};

use super::collector::Collector;
use super::processes::start_with;
use super::{folder, submit, trace};

/// Submissions to each; each leaves two spans, and more of them than an exporter keeps.
const SUBMISSIONS: u64 = 3000;
/// Of them at a time.
const AT_ONCE: u64 = 30;
/// What a queue of spans may hold at most, and what an allocator may waste, beyond a service with a good collector.
const SPARE_KIB: u64 = 48 << 10;
/// The exporters get three seconds at the end, and the rest is quick.
const END: Duration = Duration::from_secs(6);

/// Answers every export with an error.
struct Failing;

#[tonic::async_trait]
impl TraceService for Failing {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Err(Status::internal("the disk is full"))
    }
}

/// How one service fared.
#[derive(Debug)]
struct Fared {
    took: Duration,
    grown_kib: u64,
    ended: Duration,
    log: String,
}

async fn fare(endpoint: &str) -> Fared {
    let folder = folder();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
    ];
    let flags = ["--journal", "memory:", "--genesis", "genesis.json"];
    let log = folder.path().join("ingest.log");
    let start = || start_with("ingest", folder.path(), &log, &variables, &flags);
    let ingest = tokio::task::block_in_place(start);
    let client = IngestServiceClient::new(kit::client::channel(&ingest.url).unwrap());
    let before_kib = resident_kib(ingest.pid());
    let began = Instant::now();
    let lanes = (0..AT_ONCE).map(|lane| {
        let mut client = client.clone();
        tokio::spawn(async move {
            for number in 0..SUBMISSIONS / AT_ONCE {
                let number = lane * SUBMISSIONS + number;
                submit(&mut client, number, 0, &trace(0x4_0000 + number)).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
    let took = began.elapsed();
    // An export that hangs fails after a second.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let grown_kib = resident_kib(ingest.pid()).saturating_sub(before_kib);
    let asked = Instant::now();
    tokio::task::block_in_place(|| ingest.stop()).unwrap();
    Fared {
        took,
        grown_kib,
        ended: asked.elapsed(),
        log: std::fs::read_to_string(log).unwrap(),
    }
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_not_mind_a_collector_that_is_away_or_hangs_or_fails() {
    let (collector, endpoint) = Collector::start().await;
    let good = fare(&endpoint).await;
    assert!(collector.all().len() as u64 > SUBMISSIONS);
    assert_eq!(
        good.log.matches("cannot be exported").count(),
        0,
        "{good:?}"
    );

    // Its backlog takes connections, and nobody reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let failing = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let places = [
        ("away", "http://127.0.0.1:1".to_owned()),
        ("silent", format!("http://{}", silent.local_addr().unwrap())),
        (
            "failing",
            format!("http://{}", failing.local_addr().unwrap()),
        ),
    ];
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(failing);
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Failing));
    tokio::spawn(server.serve_with_incoming(incoming));
    for (what, endpoint) in places {
        let bad = fare(&endpoint).await;
        println!(
            "{what}: {:?} for {SUBMISSIONS} (good: {:?}), {} KiB more (good: {}), ended in {:?}",
            bad.took, good.took, bad.grown_kib, good.grown_kib, bad.ended
        );
        assert!(
            bad.took < 2 * good.took + Duration::from_secs(1),
            "{what}: {bad:?}"
        );
        assert!(
            bad.grown_kib < good.grown_kib + SPARE_KIB,
            "{what}: {bad:?}"
        );
        assert!(bad.ended < END, "{what}: {bad:?}");
        let warnings = bad.log.lines().filter(|line| line.contains(" WARN "));
        let warnings: Vec<_> = warnings
            .filter(|line| !line.contains("no --ledger"))
            .collect();
        let about_it = warnings.len() == 1 && warnings[0].contains("cannot be exported");
        assert!(about_it, "{what}: {warnings:#?}");
    }
}
