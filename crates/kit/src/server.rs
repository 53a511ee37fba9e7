//! Serving gRPC: reflection, health, limits, deadlines, traces, and an orderly end.
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

/// What a service serves.
#[derive(Debug)]
pub struct Server {
    /// The generated servers. Each sets its own `.max_decoding_message_size(…)`.
    pub routes: tonic::service::Routes,
    /// Full names of the services in `routes`, as reflection and health shall list them.
    pub services: Vec<&'static str>,
    /// An encoded `FileDescriptorSet` with these services and all they import.
    pub descriptors: &'static [u8],
    /// Bounds.
    pub limits: Limits,
    /// `ErrorInfo.domain` of the errors that the server itself answers.
    pub domain: &'static str,
    /// Response header that tells the id of a recorded trace; in lower case.
    pub trace_header: &'static str,
}

/// Bounds on what clients may ask of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Unary calls in progress, over all connections; more are refused with OVERLOADED.
    pub unary_in_flight: usize,
    /// Streaming calls in progress, over all connections; more are refused with OVERLOADED.
    pub streams: usize,
    /// Calls in progress on one connection; a client queues the rest.
    pub per_connection: u32,
    /// Deadline of unary calls that bring none, and upper bound of those that do.
    pub unary_deadline: Duration,
    /// A connection is asked to end after this, so that clients spread over new replicas.
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

/// A ping after this much silence: a peer that vanished without a word must not hold its streams for ever.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// A ping unanswered for this long ends the connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// What a client may send on one stream before the handler has read it. h2 ends a connection that holds some thousands
/// of small unread messages, which is just what back-pressure makes of a wider window.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// The same over all streams of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Request headers of one call, in bytes: traces and tokens fit many times over.
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// HTTP/2 with bounds: a default server has none.
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
        .context("the gRPC socket is being served already")?;
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
        figures: span::Figures::new(),
    });
    // Clients in the field ask by v1 or v1alpha: both are answered.
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
                tracing::warn!("connections were cut: clients did not take the end of their calls");
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

/// What reflection tells; `build_v1` and `build_v1alpha` make a server of it.
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
