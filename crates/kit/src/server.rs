//! The gRPC server: reflection, health, limits, deadlines, traces, and graceful shutdown.
//!
//! ```text
//!             ┌ layer ───────────────────────────────────────────────────────────────────┐
//!  request ──▶│ span ─▶ admission ─▶ deadline ─▶ panics caught ─▶ oversize ──▶ route ────▶│ handler
//!             │            └─────────────┴──────────────┴────────────┴─▶ refusals          │    │
//!  reply   ◀──│ body: recorded to its end, and ended by shutdown, deadline or panic ◀─────│◀───┘
//!             └──────────────────────────────────────────────────────────────────────────┘
//! ```

mod admission;
mod body;
mod deadline;
mod health;
mod layer;
mod methods;
mod oversize;
mod refusals;
mod span;
pub mod stream;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tonic::transport::server::TcpIncoming;

use crate::Service;

pub use deadline::Deadline;

/// The routes of a service and their settings.
#[derive(Debug)]
pub struct Server {
    /// The generated servers. Each sets its own `.max_decoding_message_size(…)`.
    pub routes: tonic::service::Routes,
    /// Full names of the services in `routes`, for reflection and health.
    pub services: Vec<&'static str>,
    /// An encoded `FileDescriptorSet` with these services and all they import.
    pub descriptors: &'static [u8],
    /// Bounds on calls and connections.
    pub limits: Limits,
    /// `ErrorInfo.domain` of the server's own errors.
    pub domain: &'static str,
    /// Response header for the id of a recorded trace, in lower case.
    pub trace_header: &'static str,
}

/// Bounds on calls and connections of clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Unary calls in progress, over all connections; more are refused with OVERLOADED.
    pub unary_in_flight: usize,
    /// Streaming calls in progress, over all connections; more are refused with OVERLOADED.
    pub streams: usize,
    /// Calls in progress on one connection; a client queues the rest.
    pub per_connection: u32,
    /// Deadline of unary calls without one, and upper bound of given ones.
    pub unary_deadline: Duration,
    /// Age at which a connection is asked to close, so that clients spread over new replicas.
    pub connection_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unary_in_flight: 2048,
            streams: 1024,
            per_connection: 1024,
            unary_deadline: Duration::from_secs(30),
            connection_age: Duration::from_secs(30 * 60),
        }
    }
}

/// Silence before a ping: a peer that vanished must not hold its streams for ever.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// Longest wait for the answer to a ping before the connection is closed.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that a client may send on one stream before the handler reads them. h2 closes a connection that holds some
/// thousands of small unread messages, and with a wider window back-pressure would get there.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// Bytes that a client may send on all streams of a connection before the handlers read them.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Request headers of one call, in bytes: many times the size of traces and tokens.
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// An HTTP/2 transport with bounds: a default server has none.
fn transport(limits: &Limits) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(limits.per_connection)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .max_connection_age(limits.connection_age)
}

/// Serves on the service's gRPC socket, as a task of the service, until its shutdown token ends it.
pub fn serve(service: &mut Service, server: Server) -> anyhow::Result<()> {
    let Server {
        routes,
        services,
        descriptors,
        limits,
        domain,
        trace_header,
    } = server;
    let listener = service
        .grpc
        .take()
        .context("the gRPC socket is already in use by this service")?;
    let methods = methods::Methods::served(descriptors)?;

    let (reporter, health) = tonic_health::server::health_reporter();
    let readiness = service.readiness.clone();
    let names = services.clone();
    let shutdown = service.shutdown.clone();
    service.tasks.spawn(
        "health",
        health::follow(reporter, names, readiness, shutdown),
    );

    let calls = Arc::new(layer::Calls {
        methods,
        admission: admission::Admission::new(&limits),
        unary_deadline: limits.unary_deadline,
        shutdown: service.shutdown.clone(),
        refusals: refusals::Refusals { domain },
        trace_header: trace_header.parse().context("trace_header")?,
        metrics: span::Instruments::new(),
    });
    // Existing clients use v1 or v1alpha.
    let v1 = reflection(descriptors, &services)
        .build_v1()
        .context("reflection v1")?;
    let v1alpha = reflection(descriptors, &services)
        .build_v1alpha()
        .context("reflection v1alpha")?;
    let routes = routes
        .add_service(health)
        .add_service(v1)
        .add_service(v1alpha);

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = transport(&limits)
        .layer(layer::CallLayer(calls))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, service.shutdown.cancelled_owned());
    let cut = cut_after(service.shutdown.clone(), service.grace);
    service.tasks.spawn("grpc", async move {
        tokio::select! {
            served = serving => served.context("the gRPC server ended"),
            () = cut => {
                tracing::warn!("connections were closed before clients had read the end of their calls");
                Ok(())
            }
        }
    });
    service.readiness.serving().set(Ok(()));
    Ok(())
}

/// Returns when most of the grace has passed: a client that does not read cannot use up all of it.
async fn cut_after(shutdown: crate::Shutdown, grace: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(grace * 3 / 4).await;
}

/// The builder of the reflection service; `build_v1` and `build_v1alpha` make a server of it.
fn reflection(
    descriptors: &'static [u8],
    services: &[&'static str],
) -> tonic_reflection::server::Builder<'static> {
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptors)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
        .include_reflection_service(false)
        .with_service_name("grpc.health.v1.Health")
        .with_service_name("grpc.reflection.v1.ServerReflection")
        .with_service_name("grpc.reflection.v1alpha.ServerReflection");
    services
        .iter()
        .fold(builder, |builder, name| builder.with_service_name(*name))
}
