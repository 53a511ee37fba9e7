//! Traces as a collector receives them, and across process boundaries.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kit::TraceContext;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::{Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::process::{Running, weather};
use crate::weather::TRACE_HEADER;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let resources = request.into_inner().resource_metrics.into_iter();
        let metrics = resources
            .flat_map(|it| it.scope_metrics)
            .flat_map(|it| it.metrics);
        self.metrics
            .lock()
            .unwrap()
            .extend(metrics.map(|metric| metric.name));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|it| it.scope_spans);
        self.spans
            .lock()
            .unwrap()
            .extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn check(running: &Running, sampled: bool) -> Option<String> {
    let channel = kit::client::channel(&running.grpc.to_string()).unwrap();
    let mut request = Request::new(HealthCheckRequest::default());
    let flag = if sampled { "01" } else { "00" };
    let parent = format!("00-{TRACE}-{PARENT}-{flag}");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    let answer = HealthClient::new(channel).check(request).await.unwrap();
    answer
        .metadata()
        .get(TRACE_HEADER)
        .map(|id| id.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_one_span_per_call_under_its_parent_and_the_metrics() {
    let collector = Collector::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Without a scheme, which is a common form.
    let endpoint = listener.local_addr().unwrap().to_string();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let server = tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(collector.clone()))
        .add_service(MetricsServiceServer::new(collector.clone()));
    tokio::spawn(server.serve_with_incoming(incoming));

    let command = &mut weather();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let running = Running::start(command);
    assert_eq!(check(&running, true).await.as_deref(), Some(TRACE));
    assert_eq!(
        check(&running, false).await,
        None,
        "what is not recorded has no id to look up"
    );
    running.signal("-TERM");
    let (code, printed) = tokio::task::spawn_blocking(|| running.wait())
        .await
        .unwrap();
    assert_eq!(code, Some(0), "{printed}");

    let spans = collector.spans.lock().unwrap();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["grpc.health.v1.Health/Check"]);
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(hex(&spans[0].trace_id), TRACE);
    assert_eq!(hex(&spans[0].parent_span_id), PARENT);
    let attributes: Vec<_> = spans[0]
        .attributes
        .iter()
        .map(|it| it.key.as_str())
        .collect();
    for name in [
        "rpc.system",
        "rpc.service",
        "rpc.method",
        "rpc.grpc.status_code",
    ] {
        assert!(attributes.contains(&name), "{name} in {attributes:?}");
    }
    let metrics = collector.metrics.lock().unwrap();
    for name in ["rpc.server.call.duration", "process.uptime", "build.info"] {
        assert!(
            metrics.iter().any(|metric| metric == name),
            "{name} in {metrics:?}: {printed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_one_warning() {
    let command = &mut weather();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:1")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let running = Running::start(command);
    for _ in 0..10 {
        check(&running, true).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let began = Instant::now();
    running.signal("-TERM");
    let (code, printed) = tokio::task::spawn_blocking(|| running.wait())
        .await
        .unwrap();
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        printed.matches("cannot be exported").count(),
        1,
        "{printed}"
    );
    assert_eq!(printed.matches(" WARN ").count(), 1, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_traces_of_others_are_still_joined() {
    let running = Running::start(weather().args(["--log", "debug"]));
    assert_eq!(check(&running, true).await.as_deref(), Some(TRACE));
    running.signal("-TERM");
    let (_, printed) = tokio::task::spawn_blocking(|| running.wait())
        .await
        .unwrap();
    assert!(printed.contains(&format!("trace_id={TRACE}")), "{printed}");
}

#[test]
fn a_context_survives_record_headers_and_metadata() {
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = vec![
        ("content-type".to_owned(), "x".into()),
        ("traceparent".to_owned(), parent.clone().into()),
        ("tracestate".to_owned(), "a=b".into()),
        ("baggage".to_owned(), "secret=1".into()),
    ];
    let context = TraceContext::from_headers(&headers);
    assert!(context.is_sampled());
    assert_eq!(context.trace_id().as_deref(), Some(TRACE));

    let mut metadata = tonic::metadata::MetadataMap::new();
    context.inject_metadata(&mut metadata);
    let context = TraceContext::from_metadata(&metadata);
    let mut http = http::HeaderMap::new();
    context.inject_http(&mut http);
    let context = TraceContext::from_http(&http);
    let mut headers = vec![("traceparent".to_owned(), "old".into())];
    context.inject_headers(&mut headers);
    let wanted: Vec<(String, bytes::Bytes)> = vec![
        ("traceparent".to_owned(), parent.into()),
        ("tracestate".to_owned(), "a=b".into()),
    ];
    assert_eq!(headers, wanted);
}

#[test]
fn what_is_not_recorded_costs_records_nothing() {
    let unsampled = vec![(
        "traceparent".to_owned(),
        format!("00-{TRACE}-{PARENT}-00").into(),
    )];
    let context = TraceContext::from_headers(&unsampled);
    let mut headers = vec![];
    context.inject_headers(&mut headers);
    assert_eq!((context.is_sampled(), headers), (false, vec![]));
    let mut metadata = tonic::metadata::MetadataMap::new();
    context.inject_metadata(&mut metadata);
    assert!(
        metadata.contains_key("traceparent"),
        "callees must not record it either"
    );
}

#[test]
fn no_context_leaves_no_headers() {
    let context = TraceContext::from_headers(&[("traceparent".to_owned(), "junk".into())]);
    assert_eq!((context.is_sampled(), context.trace_id()), (false, None));
    let mut headers = vec![];
    context.inject_headers(&mut headers);
    assert_eq!(headers, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_comes_late_is_greeted_and_told_what_is_new() {
    // Bound, so that no other process takes the port, and refusing every client while it does not listen.
    let away = tokio::net::TcpSocket::new_v4().unwrap();
    away.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = away.local_addr().unwrap();
    let command = &mut weather();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", address.to_string())
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let running = Running::start(command);
    // The exporter retries for about a second before it drops a batch.
    for _ in 0..20 {
        check(&running, true).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let collector = Collector::default();
    let server =
        tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone()));
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(away.listen(64).unwrap());
    tokio::spawn(server.serve_with_incoming(incoming));
    let began = Instant::now();
    while collector.spans.lock().unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing arrives");
        check(&running, true).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    running.signal("-TERM");
    let (code, printed) = tokio::task::spawn_blocking(|| running.wait())
        .await
        .unwrap();
    assert_eq!(code, Some(0), "{printed}");
    for line in ["cannot be exported", "telemetry is exported to"] {
        assert_eq!(printed.matches(line).count(), 1, "{line}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_recorded_leaves_no_span_and_tells_callees_so() {
    let collector = Collector::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let server =
        tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone()));
    tokio::spawn(server.serve_with_incoming(incoming));
    let command = &mut weather();
    command
        .args(["--log", "debug"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_TRACES_SAMPLER", "traceidratio")
        .env("OTEL_TRACES_SAMPLER_ARG", "0.5");
    let running = Running::start(command);
    let channel = kit::client::channel(&running.grpc.to_string()).unwrap();
    let mut told = BTreeSet::new();
    for _ in 0..64 {
        let request = Request::new(HealthCheckRequest::default());
        let answer = HealthClient::new(channel.clone()).check(request).await;
        let id = answer.unwrap().metadata().get(TRACE_HEADER).cloned();
        told.extend(id.map(|id| id.to_str().unwrap().to_owned()));
    }
    running.signal("-TERM");
    let (_, printed) = tokio::task::spawn_blocking(|| running.wait())
        .await
        .unwrap();
    // The returned ids are the recorded ones: about half of all.
    let spans = collector.spans.lock().unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    // A set: spans may be exported twice if an answer is late.
    let recorded: BTreeSet<_> = spans.iter().map(|span| hex(&span.trace_id)).collect();
    assert!((10..54).contains(&recorded.len()), "{recorded:?}");
    assert_eq!(told, recorded);
    // Lines of the others have ids all the same.
    let lines = printed.lines().filter(|line| line.contains("method=Check"));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 64, "{printed}");
    assert!(
        lines.iter().all(|line| line.contains("trace_id=")),
        "{printed}"
    );
}
