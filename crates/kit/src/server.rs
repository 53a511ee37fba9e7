//! Serving gRPC: reflection, health, limits, deadlines, traces, and an orderly end.

use std::time::Duration;

use crate::Service;

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
    /// Response header that tells the id of a recorded trace.
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

/// Serves on the service's gRPC socket, as a task of the service, until its shutdown token ends it.
pub fn serve(service: &mut Service, server: Server) -> anyhow::Result<()> {
    let _ = (service, server);
    todo!()
}
