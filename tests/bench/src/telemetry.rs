//! Submissions with telemetry against the same without. The journal is in memory, so that nothing hides the cost.
//!
//! What a call costs the service is the CPU time of its process: other work on the machine hardly changes that, while it
//! changes the calls a second by more than telemetry does. The first comparison is of a service with its like, and says
//! how much of the others is noise.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use proto::ingest::v1::SubmitTransactionRequest;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::types::v1::Transaction;
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status};

use crate::report::{Measured, Report};

/// Submissions of one turn: few, so that both sides of a pair see the same machine.
const CALLS: u64 = 2_000;
/// Turns in place of one of the other comparisons.
const TURNS: usize = 8;
/// Of them at a time.
const AT_ONCE: u64 = 100;
/// How long a service may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes spans and forgets them.
struct Sink;

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// An ingest in a process of its own, which is killed at the end.
struct Ingest {
    child: Child,
    client: IngestServiceClient<kit::client::Channel>,
}

impl Drop for Ingest {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ingest {
    /// What its threads have run so far, as the scheduler counts it: in nanoseconds, where other counts have ticks.
    fn cpu_time(&self) -> Result<Duration> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut sum = 0;
        for task in std::fs::read_dir(&tasks).with_context(|| tasks.clone())? {
            // A thread may end in between.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let ran = text.split(' ').next().unwrap_or_default();
            sum += ran.parse::<u64>().context("schedstat")?;
        }
        Ok(Duration::from_nanos(sum))
    }
}

/// Unary submissions a second: off, on and unsampled, on at 1 %.
pub fn run(report: &mut Report) -> Result<()> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Sink));
    runtime.spawn(server.serve_with_incoming(incoming));
    let folder = tempfile::tempdir()?;
    let genesis = chain::Genesis {
        name: "bench".into(),
        timestamp_ms: 1,
        open: true,
        ..chain::Genesis::default()
    };
    let path = folder.path().join("genesis.json");
    std::fs::write(&path, chain::genesis::to_json(&genesis))?;
    let start = |variables: &[(&str, &str)]| start(&runtime, &path, variables);
    let off = || start(&[("OTEL_SDK_DISABLED", "true")]);
    let sampled = |ratio| {
        start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", ratio),
        ])
    };
    let (baseline, like) = (off()?, off()?);
    let (none, some) = (sampled("0")?, sampled("0.01")?);
    for (names, goal, ours) in [
        (
            ["telemetry off, over the same", "… by its CPU time"],
            1.0,
            &like,
        ),
        (
            ["telemetry on, unsampled, over off", "… by its CPU time"],
            0.97,
            &none,
        ),
        (
            ["telemetry on at 1 %, over off", "… by its CPU time"],
            0.95,
            &some,
        ),
    ] {
        report.compare_by(
            [(names[0], "call"), (names[1], "call")],
            goal,
            TURNS,
            || turn(&runtime, &baseline),
            || turn(&runtime, ours),
        )?;
    }
    Ok(())
}

fn start(
    runtime: &Runtime,
    genesis: &std::path::Path,
    variables: &[(&str, &str)],
) -> Result<Ingest> {
    let binary = std::env::current_exe()?.with_file_name("blocklog-ingest");
    let mut child = Command::new(&binary)
        .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(["--journal", "memory:", "--genesis"])
        .arg(genesis)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{}: build it with the same profile", binary.display()))?;
    let mut lines = BufReader::new(child.stderr.take().context("stderr is piped")?).lines();
    let url = loop {
        let line = lines.next().context("ingest ended at once")??;
        if let Some((_, ports)) = line.split_once("gRPC on ") {
            break ports.split(',').next().unwrap_or_default().to_owned();
        }
    };
    // A full pipe would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    let channel = runtime.block_on(async { kit::client::channel(&url) })?;
    let ingest = Ingest {
        child,
        client: IngestServiceClient::new(channel),
    };
    let began = Instant::now();
    while let Err(error) = runtime.block_on(ingest.client.clone().submit_transaction(request(0))) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "{error}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(ingest)
}

/// Calls a second, and calls in a second of CPU time of the service.
fn turn(runtime: &Runtime, ingest: &Ingest) -> Result<[Measured; 2]> {
    let (began, used) = (Instant::now(), ingest.cpu_time()?);
    runtime.block_on(async {
        let calls = (0..AT_ONCE).map(|lane| {
            let mut client = ingest.client.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS / AT_ONCE {
                    client.submit_transaction(request(lane)).await?;
                }
                Ok::<_, Status>(())
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await??;
        }
        anyhow::Ok(())
    })?;
    let elapsed = began.elapsed();
    let used = ingest.cpu_time()?.saturating_sub(used);
    Ok([(CALLS, elapsed), (CALLS, used)])
}

fn request(sender: u64) -> SubmitTransactionRequest {
    SubmitTransactionRequest {
        content: Some(Content::Transaction(Transaction {
            sender: format!("sender-{sender}"),
            recipient: "bob".into(),
            amount: Some(1),
            ..Transaction::default()
        })),
        ..SubmitTransactionRequest::default()
    }
}
