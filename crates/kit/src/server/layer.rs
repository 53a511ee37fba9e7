//! The tower layer around all routes.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::service::Routes;
use tower::{Layer, Service, ServiceExt as _};
use tracing::Instrument as _;

use super::admission::{Admission, Overloaded, Permit};
use super::body::{CallBody, Guard};
use super::deadline::Deadline;
use super::methods::{Method, Methods};
use super::oversize;
use super::refusals::Refusals;
use super::span::{CallSpan, Instruments};
use crate::Shutdown;

/// State shared by all calls.
#[derive(Debug)]
pub(super) struct Calls {
    pub methods: Methods,
    pub admission: Admission,
    pub unary_deadline: Duration,
    pub shutdown: Shutdown,
    pub refusals: Refusals,
    pub trace_header: HeaderName,
    pub metrics: Arc<Instruments>,
}

type Request = http::Request<Body>;
type Response<B = Body> = http::Response<B>;

/// Wraps routes in a [`CallService`].
#[derive(Clone, Debug)]
pub(super) struct CallLayer(pub Arc<Calls>);

/// The wrapped routes.
#[derive(Clone, Debug)]
pub(super) struct CallService {
    calls: Arc<Calls>,
    routes: Routes,
}

impl Layer<Routes> for CallLayer {
    type Service = CallService;

    fn layer(&self, routes: Routes) -> CallService {
        let calls = Arc::clone(&self.0);
        CallService { calls, routes }
    }
}

impl Service<Request> for CallService {
    type Response = Response<CallBody>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    /// Always ready: neither admission nor routes wait.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let CallService { calls, routes } = self.clone();
        Box::pin(async move { Ok(handle(&calls, request, routes).await) })
    }
}

/// Serves one call, and returns its reply in a body that guards the rest of it.
async fn handle(calls: &Calls, mut request: Request, routes: Routes) -> Response<CallBody> {
    let method = calls.methods.at(request.uri().path());
    let call = CallSpan::start(&calls.metrics, method, request.headers());
    let limit = (!method.streaming).then_some(calls.unary_deadline);
    let deadline = Deadline::of(request.headers(), limit);
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(deadline);
    }
    let context = call.context.clone();
    let answer = calls.answer(method, deadline, request, routes);
    let mut answer = pin!(answer.instrument(call.span.clone()));
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
    let guard = Guard {
        // A unary reply is already complete: only streams last long enough to be ended.
        shutdown: method.streaming.then(|| calls.shutdown.clone()),
        deadline: deadline.filter(|_| method.streaming),
        refusals: calls.refusals,
    };
    CallBody::wrap(response, call, permit, guard)
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
            Err(Overloaded { calls }) => {
                return (self.refusals.overloaded(calls).into_http(), None);
            }
        };
        let answer = guarded(routes.oneshot(request));
        let answer = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.at, answer).await,
            None => Ok(answer.await),
        };
        let response = match answer {
            Ok(Ok(Ok(response))) => match Status::from_header_map(response.headers())
                .and_then(|status| oversize::of(&status, self.refusals))
            {
                Some(status) => status.into_http(),
                None => response,
            },
            Ok(Ok(Err(error))) => match error {},
            Ok(Err(Panicked)) => self.refusals.panicked().into_http(),
            Err(_) => self.refusals.deadline_exceeded().into_http(),
        };
        (response, Some(permit))
    }
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
