//! Connections to other services.

use std::time::Duration;

use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

use crate::TraceContext;

/// What generated clients are built on: `LedgerClient::new(client::channel(url)?)`. Reconnects by itself, carries the
/// trace context. Generated clients set their own limit on answers: `.max_decoding_message_size(…)`, 4 MiB otherwise.
pub type Channel = InterceptedService<tonic::transport::Channel, Inject>;

/// Adds the current trace context to each request.
#[derive(Clone, Copy, Debug)]
pub struct Inject;

impl tonic::service::Interceptor for Inject {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        TraceContext::current().inject_metadata(request.metadata_mut());
        Ok(request)
    }
}

/// How long connecting may take before calls fail with UNAVAILABLE.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A ping after this much silence, so that a dead peer behind a middlebox is noticed.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// The connection is given up when a ping stays unanswered for this long.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a URL is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad service URL {url:?}: {problem}; write http://HOST:PORT")]
pub struct Error {
    url: String,
    problem: String,
}

/// A channel that connects at the first call and again whenever it must. A URL without scheme means `http://`.
pub fn channel(url: &str) -> Result<Channel, Error> {
    let _ = url;
    todo!()
}
