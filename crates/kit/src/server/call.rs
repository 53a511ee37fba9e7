//! The way of one call through the server.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt as _};
use tracing::Instrument as _;

use super::admission::{Admission, Permit};
use super::answer::{Answer, Watch};
use super::deadline::Deadline;
use super::methods::{Method, Methods};
use super::observed::{Figures, Observed};
use super::oversize;
use crate::{Refusal, Shutdown};

/// What all calls share.
#[derive(Debug)]
pub(super) struct Calls {
    pub methods: Methods,
    pub admission: Admission,
    pub unary_deadline: Duration,
    pub shutdown: Shutdown,
    pub domain: &'static str,
    pub trace_header: HeaderName,
    pub figures: Arc<Figures>,
}

pub(super) type Request = http::Request<Body>;
pub(super) type Response<B = Body> = http::Response<B>;

/// Puts the way of calls around services.
#[derive(Clone, Debug)]
pub(super) struct CallLayer(pub Arc<Calls>);

/// Services, and the way to them.
#[derive(Clone, Debug)]
pub(super) struct Way {
    calls: Arc<Calls>,
    routes: Routes,
}

impl Layer<Routes> for CallLayer {
    type Service = Way;

    fn layer(&self, routes: Routes) -> Way {
        let calls = Arc::clone(&self.0);
        Way { calls, routes }
    }
}

impl Service<Request> for Way {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    /// Always: admission never waits, and routes do not either.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Way { calls, routes } = self.clone();
        Box::pin(async move { Ok(handle(&calls, request, routes).await) })
    }
}

/// Serves one call, and hands its answer on in a body that watches over the rest of it.
async fn handle(calls: &Calls, mut request: Request, routes: Routes) -> Response<Answer> {
    let method = calls.methods.at(request.uri().path());
    let observed = Observed::start(&calls.figures, method, request.headers());
    let limit = (!method.streaming).then_some(calls.unary_deadline);
    let deadline = Deadline::of(request.headers(), limit);
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(deadline);
    }
    let context = observed.context.clone();
    let span = observed.span.clone();
    let answer = calls.answer(method, deadline, request, routes);
    let mut answer = pin!(answer.instrument(span));
    let (mut response, permit) = std::future::poll_fn(|task| {
        let _attached = context.attach();
        answer.as_mut().poll(task)
    })
    .await;
    if context.is_sampled()
        && let Some(id) = context.trace_id()
        && let Ok(id) = HeaderValue::try_from(id)
    {
        response
            .headers_mut()
            .insert(calls.trace_header.clone(), id);
    }
    let watch = Watch {
        // A unary answer is there already: only streams last long enough to be ended.
        shutdown: method.streaming.then(|| calls.shutdown.clone()),
        deadline: deadline.filter(|_| method.streaming),
        domain: calls.domain,
    };
    Answer::wrap(response, observed, permit, watch)
}

impl Calls {
    async fn answer(
        &self,
        method: &Method,
        deadline: Option<Deadline>,
        request: Request,
        routes: Routes,
    ) -> (Response, Option<Permit>) {
        let permit = match self.admission.admit(method) {
            Ok(permit) => permit,
            Err(refusal) => return (Status::from(refusal).into_http(), None),
        };
        let answer = guarded(routes.oneshot(request));
        let answer = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.at, answer).await,
            None => Ok(answer.await),
        };
        let response = match answer {
            Ok(Ok(Ok(response))) => match Status::from_header_map(response.headers())
                .and_then(|status| oversize::of(&status, self.domain))
            {
                Some(status) => status.into_http(),
                None => response,
            },
            Ok(Ok(Err(error))) => match error {},
            Ok(Err(Panicked)) => panicked(self.domain).into_http(),
            Err(_) => exceeded(self.domain).into_http(),
        };
        (response, Some(permit))
    }
}

/// The answer to a call whose handler panicked. What the panic said is for the log alone, where it is already.
pub(super) fn panicked(domain: &'static str) -> Status {
    let message = "the server made a mistake; please report it with the trace id";
    Refusal::new(domain, Code::Internal, "PANIC", message).into()
}

/// The answer to a call whose time is up.
pub(super) fn exceeded(domain: &'static str) -> Status {
    let message = "the deadline passed before the answer was ready";
    Refusal::new(domain, Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).into()
}

/// A handler panicked.
struct Panicked;

/// The output of a future, unless it panics.
async fn guarded<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        // After a panic the future is not polled again, only dropped.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
