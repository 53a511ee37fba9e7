//! The body of a reply: recorded to its end, and ended early when the service stops, when its deadline passes or when
//! its producer panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

use super::admission::Permit;
use super::deadline::Deadline;
use super::oversize;
use super::refusals::Refusals;
use super::span::CallSpan;
use crate::Shutdown;

/// Head start of handlers after the token, since they can end their streams with more detail: where to resume.
const HANDLERS_FIRST: Duration = Duration::from_millis(500);

/// [`Code::Internal`] as the value of `grpc-status`.
const INTERNAL: HeaderValue = HeaderValue::from_static("13");

/// The events that end a stream from outside.
pub(super) struct Guard {
    pub shutdown: Option<Shutdown>,
    pub deadline: Option<Deadline>,
    pub refusals: Refusals,
}

/// Resolves to the status of a stream that ends early.
type Ending = Pin<Box<dyn Future<Output = Status> + Send>>;

/// A body around the body of the handler.
pub(super) struct CallBody {
    inner: Body,
    call: CallSpan,
    ending: Option<Ending>,
    refusals: Refusals,
    done: bool,
    _permit: Option<Permit>,
}

impl CallBody {
    /// Wraps the body of a response.
    pub fn wrap(
        response: http::Response<Body>,
        mut call: CallSpan,
        permit: Option<Permit>,
        guard: Guard,
    ) -> http::Response<CallBody> {
        // An error without messages has its status in the headers.
        if let Some(status) = Status::from_header_map(response.headers()) {
            call.end(status.code(), status.message());
        } else if response.status() != http::StatusCode::OK {
            // Not gRPC; clients map it to UNKNOWN.
            call.end(Code::Unknown, response.status().as_str());
        }
        response.map(|inner| CallBody {
            inner,
            call,
            refusals: guard.refusals,
            ending: guard.ending(),
            done: false,
            _permit: permit,
        })
    }

    fn finish(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.done = true;
        self.call.end(status.code(), status.message());
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            // Only details can be invalid in a header; the code is always valid.
            trailers.insert(Status::GRPC_STATUS, INTERNAL);
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

impl HttpBody for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.done {
            return Poll::Ready(None);
        }
        let (span, at) = (this.call.span.clone(), this.call.context.clone());
        let _attached = at.attach();
        let _entered = span.enter();
        // Polled before the handler's stream, which may never run dry.
        if let Some(Poll::Ready(status)) = this.ending.as_mut().map(|it| it.as_mut().poll(context))
        {
            return this.finish(&status);
        }
        let inner = Pin::new(&mut this.inner);
        match catch_unwind(AssertUnwindSafe(|| inner.poll_frame(context))) {
            Err(_) => this.finish(&this.refusals.panicked()),
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(frame)) => {
                match &frame {
                    Some(Ok(frame)) => {
                        if let Some(trailers) = frame.trailers_ref() {
                            let status = Status::from_header_map(trailers);
                            let status = status.unwrap_or_else(|| Status::ok(""));
                            if let Some(status) = oversize::of(&status, this.refusals) {
                                return this.finish(&status);
                            }
                            this.call.end(status.code(), status.message());
                        }
                    }
                    Some(Err(error)) => this.call.end(Code::Unknown, &error.to_string()),
                    None => this.call.end(Code::Ok, ""),
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Guard {
    fn ending(&self) -> Option<Ending> {
        let (shutdown, deadline, refusals) = (self.shutdown.clone(), self.deadline, self.refusals);
        let shutdown = shutdown?;
        Some(Box::pin(async move {
            let stopped = async {
                shutdown.cancelled().await;
                tokio::time::sleep(HANDLERS_FIRST).await;
            };
            match deadline {
                Some(deadline) => tokio::select! {
                    () = stopped => refusals.shutting_down(),
                    () = tokio::time::sleep_until(deadline.at) => refusals.deadline_exceeded(),
                },
                None => {
                    stopped.await;
                    refusals.shutting_down()
                }
            }
        }))
    }
}
