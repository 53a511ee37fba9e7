//! A gRPC service written by hand: methods that are slow, that panic, that stream.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http::uri::PathAndQuery;
use kit::{Limits, Server, Service};
use prost::Message as _;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

pub const SERVICE: &str = "test.Weather";
pub const DOMAIN: &str = "weather";
/// Largest request of unary methods.
pub const REQUEST_BYTES: usize = 1000;
pub const TRACE_HEADER: &str = "x-weather-trace-id";

type Codec = ProstCodec<(), ()>;
type Stream = std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<(), Status>> + Send>>;

/// Starts the service and makes it ready.
pub async fn start(limits: Limits) -> Service {
    let mut service = Service::for_test("weather").await;
    let server = Server {
        routes: routes().into(),
        services: vec![SERVICE],
        descriptors: descriptors(),
        limits,
        domain: DOMAIN,
        trace_header: TRACE_HEADER,
    };
    kit::server::serve(&mut service, server).unwrap();
    service
}

fn routes() -> Router {
    // With the fallback of generated servers: UNIMPLEMENTED.
    tonic::service::Routes::default()
        .into_axum_router()
        .route(
            "/test.Weather/Now",
            post(|request| unary(request, || async { Ok(()) })),
        )
        .route(
            "/test.Weather/Slow",
            post(|request| {
                unary(request, || async {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ok(())
                })
            }),
        )
        .route(
            "/test.Weather/Panic",
            post(|request| unary(request, || async { panic!("lightning") })),
        )
        .route(
            "/test.Weather/Watch",
            post(|request| {
                streaming(request, || {
                    Box::pin(tokio_stream::once(Ok(())).chain(tokio_stream::pending()))
                })
            }),
        )
        .route(
            "/test.Weather/WatchPanic",
            post(|request| {
                streaming(request, || {
                    let (send, ticks) = tokio::sync::mpsc::channel(1);
                    tokio::spawn(async move {
                        for tick in 0..2 {
                            send.send(tick).await.unwrap();
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    });
                    let ticks = tokio_stream::wrappers::ReceiverStream::new(ticks);
                    Box::pin(ticks.map(|tick| if tick == 0 { Ok(()) } else { panic!("hail") }))
                })
            }),
        )
}

async fn unary<F>(
    request: http::Request<Body>,
    answer: impl Fn() -> F + Clone + Send + 'static,
) -> http::Response<Body>
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let service = tower::service_fn(move |_: Request<()>| {
        let answer = answer();
        async { answer.await.map(Response::new) }
    });
    let mut grpc = tonic::server::Grpc::new(Codec::default());
    grpc = grpc.max_decoding_message_size(REQUEST_BYTES);
    grpc.unary(service, request).await.map(Body::new)
}

async fn streaming(
    request: http::Request<Body>,
    answer: impl Fn() -> Stream + Clone + Send + 'static,
) -> http::Response<Body> {
    let service = tower::service_fn(move |_: Request<()>| {
        let answer = answer();
        async { Ok(Response::new(answer)) }
    });
    let mut grpc = tonic::server::Grpc::new(Codec::default());
    grpc.server_streaming(service, request).await.map(Body::new)
}

fn descriptors() -> &'static [u8] {
    let method = |(name, streaming): (&str, bool)| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".test.Empty".to_owned()),
        output_type: Some(".test.Empty".to_owned()),
        server_streaming: Some(streaming),
        ..Default::default()
    };
    let methods = [
        ("Now", false),
        ("Slow", false),
        ("Panic", false),
        ("Watch", true),
        ("WatchPanic", true),
    ];
    let service = ServiceDescriptorProto {
        name: Some("Weather".to_owned()),
        method: methods.into_iter().map(method).collect(),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".to_owned()),
        package: Some("test".to_owned()),
        message_type: vec![DescriptorProto {
            name: Some("Empty".to_owned()),
            ..Default::default()
        }],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}

/// A client as generated code would build it.
#[derive(Clone)]
pub struct Client {
    grpc: tonic::client::Grpc<kit::client::Channel>,
}

impl Client {
    pub fn new(service: &Service) -> Self {
        let channel = kit::client::channel(&service.grpc_url()).unwrap();
        Self {
            grpc: tonic::client::Grpc::new(channel),
        }
    }

    pub async fn call(
        &mut self,
        method: &str,
        request: Request<()>,
    ) -> Result<Response<()>, Status> {
        self.ready().await?;
        self.grpc
            .unary(request, path(method), Codec::default())
            .await
    }

    /// A call with more in its request than the methods read.
    pub async fn call_with(&mut self, method: &str, bytes: usize) -> Result<(), Status> {
        self.ready().await?;
        let codec = ProstCodec::<String, ()>::default();
        let request = Request::new("x".repeat(bytes));
        let answer = self.grpc.unary(request, path(method), codec).await;
        answer.map(drop)
    }

    pub async fn watch(
        &mut self,
        method: &str,
        request: Request<()>,
    ) -> Result<tonic::Streaming<()>, Status> {
        self.ready().await?;
        let answer = self
            .grpc
            .server_streaming(request, path(method), Codec::default())
            .await?;
        Ok(answer.into_inner())
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.grpc
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/{SERVICE}/{method}").parse().unwrap()
}

/// A request to an admin port: status code and body.
pub async fn http(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{method} {path} HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (code, body.to_owned())
}
