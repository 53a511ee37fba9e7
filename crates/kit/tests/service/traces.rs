//! Traces as a collector gets them, and as they cross borders.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kit::TraceContext;
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
async fn one_call_is_one_span_under_its_parent_and_nothing_else() {
    let collector = Collector::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Without a scheme, as people write it.
    let endpoint = listener.local_addr().unwrap().to_string();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let service = TraceServiceServer::new(collector.clone());
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));

    let command = &mut weather();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_METRICS_EXPORTER", "none");
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_one_warning_and_no_time() {
    let command = &mut weather();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:1")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    command.env("OTEL_METRICS_EXPORTER", "none");
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
    let warnings = printed.lines().filter(|line| line.contains("WARN")).count();
    assert!(
        warnings == 1 && printed.contains("traces cannot be exported"),
        "{printed}"
    );
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
fn no_context_leaves_no_headers() {
    let context = TraceContext::from_headers(&[("traceparent".to_owned(), "junk".into())]);
    assert_eq!((context.is_sampled(), context.trace_id()), (false, None));
    let mut headers = vec![];
    context.inject_headers(&mut headers);
    assert_eq!(headers, []);
}
