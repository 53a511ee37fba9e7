//! Connections to other services.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{self, Endpoint};
use tonic::{Code, Request, Status};
use tower::Service;

use crate::TraceContext;

/// The transport of generated clients: `LedgerClient::new(client::channel(url)?)`. Reconnects by itself and propagates the
/// trace context. Clients set their own limit on replies by `.max_decoding_message_size(…)`; the default is 4 MiB.
pub type Channel = InterceptedService<Named, Inject>;

/// Adds the address to connection errors, for callers of several services.
#[derive(Clone, Debug)]
pub struct Named {
    url: Arc<str>,
    channel: transport::Channel,
}

impl Service<http::Request<Body>> for Named {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Self::Response, Status>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let ready = self.channel.poll_ready(context);
        ready.map_err(|error| named(&self.url, error))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (url, answer) = (Arc::clone(&self.url), self.channel.call(request));
        Box::pin(async move { answer.await.map_err(|error| named(&url, error)) })
    }
}

fn named(url: &str, error: transport::Error) -> Status {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = cause.to_string();
    let status = Status::from_error(error.into());
    match status.code() {
        Code::Unavailable if cause == status.message() => {
            Status::unavailable(format!("{url}: {cause}"))
        }
        Code::Unavailable => Status::unavailable(format!("{url}: {}: {cause}", status.message())),
        _ => status,
    }
}

/// Adds the current trace context to each request.
#[derive(Clone, Copy, Debug)]
pub struct Inject;

impl tonic::service::Interceptor for Inject {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        TraceContext::current().inject_metadata(request.metadata_mut());
        Ok(request)
    }
}

/// Longest time to connect before calls fail with UNAVAILABLE.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Silence before a ping, which detects a dead peer behind a middlebox.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Longest wait for the answer to a ping before the connection is closed.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A URL is not the address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad service URL {url:?}: {problem}; write http://HOST:PORT")]
pub struct Error {
    url: String,
    problem: String,
}

/// A channel that connects at the first call and reconnects when necessary. Within a tokio runtime only.
/// A URL without scheme means `http://`.
pub fn channel(url: &str) -> Result<Channel, Error> {
    let channel = endpoint(url)?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_lazy();
    let url = url.into();
    Ok(InterceptedService::new(Named { url, channel }, Inject))
}

/// Checks a URL without connecting, for `Settings::check`.
pub fn check_url(url: &str) -> Result<(), Error> {
    endpoint(url).map(|_| ())
}

fn endpoint(url: &str) -> Result<Endpoint, Error> {
    let fail = |problem: &str| Error {
        url: url.to_owned(),
        problem: problem.to_owned(),
    };
    let full = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://{url}"),
    };
    let uri: http::Uri = full.parse().map_err(|_| fail("not a URL"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(fail("this build has no TLS")),
        _ => return Err(fail("the scheme must be http")),
    }
    if uri.host().unwrap_or_default().is_empty() {
        return Err(fail("no host"));
    }
    if uri.port().is_none() {
        return Err(fail("no port"));
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err(fail("a path is not allowed here"));
    }
    Ok(Endpoint::from(uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_mistakes_are_named() {
        for (url, problem) in [
            ("", "not a URL"),
            ("https://ledger:7003", "TLS"),
            ("ftp://ledger:7003", "scheme"),
            ("http://ledger", "no port"),
            ("http://ledger:7003/x", "path"),
            ("http://:7003", "no host"),
        ] {
            let error = check_url(url).unwrap_err().to_string();
            assert!(error.contains(problem), "{url}: {error}");
        }
        for url in [
            "127.0.0.1:7003",
            "http://ledger:7003",
            "http://[::1]:7003/",
            "ledger:7003",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
    }
}
