//! The receiving half of the stream.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kit::{TraceContext, messaging};
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionsRequest};
use tokio_stream::Stream;
use tonic::{Status, Streaming};
use tracing::Span;

use super::super::call;
use crate::core::{Headers, Submission};
use crate::intake::{self, Checked};
use crate::outbox::Outbox;
use crate::rejection::{Rejection, Why};
use crate::shell::{ReplyTo, StreamReply, Ticket};
use crate::state::{Ingest, Open};
use crate::window::Permit;

/// Most requests that are checked together.
const MOST_REQUESTS: usize = 1024;
/// Most requests that are checked on the spot, since handing them to another thread costs more.
const FEW_REQUESTS: usize = 2;

/// Pause between the last request read and the end of the stream, at the end of the service. It lets the client's
/// flow-control window run dry: bytes that arrive at a closed socket would make the system reset the connection, and the
/// last answers would be lost.
const QUIET: Duration = Duration::from_millis(100);

/// The reason to stop reading.
#[derive(Debug)]
pub(super) enum End {
    /// The client has finished.
    Complete,
    /// The client went away, or sent a malformed request.
    Broken(Box<Status>),
    /// The service is shutting down.
    ShuttingDown,
}

pub(super) struct Reader {
    ingest: Arc<Ingest>,
    /// Number of the stream.
    stream: u64,
    outbox: Arc<Outbox>,
    requests: Streaming<SubmitTransactionsRequest>,
    call: TraceContext,
    /// Headers for a batch that is not traced.
    untraced: Headers,
}

/// Requests that are appended together, with their trace.
struct Traced {
    publish: Span,
    headers: Headers,
    since: Instant,
}

/// Ends the outbox when the reading ends, for whatever reason.
struct Finish(Arc<Outbox>);

impl Drop for Finish {
    fn drop(&mut self) {
        self.0.finish();
    }
}

impl Reader {
    pub(super) fn new(
        ingest: Arc<Ingest>,
        stream: u64,
        outbox: Arc<Outbox>,
        requests: Streaming<SubmitTransactionsRequest>,
    ) -> Self {
        Self {
            ingest,
            stream,
            outbox,
            requests,
            call: TraceContext::current(),
            untraced: call::record_headers(&Span::none()),
        }
    }

    pub(super) async fn run(mut self) -> End {
        let _finish = Finish(Arc::clone(&self.outbox));
        let end = self.read().await;
        if matches!(end, End::ShuttingDown) {
            tokio::time::sleep(QUIET).await;
        }
        end
    }

    async fn read(&mut self) -> End {
        let outbox = Arc::clone(&self.outbox);
        let shutdown = self.ingest.shutdown.clone();
        loop {
            let room = tokio::select! {
                biased;
                () = shutdown.cancelled() => return End::ShuttingDown,
                room = outbox.make_room(MOST_REQUESTS) => room,
            };
            let (requests, end) = tokio::select! {
                biased;
                () = shutdown.cancelled() => (Vec::new(), Some(End::ShuttingDown)),
                some = arrived(&mut self.requests, room) => some,
            };
            outbox.give_room(room - requests.len());
            if !requests.is_empty() {
                self.take(requests).await;
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Checks requests together and submits them in their order.
    async fn take(&self, requests: Vec<SubmitTransactionsRequest>) {
        let open = match self.ingest.open() {
            Ok(open) => open,
            Err(rejection) => return self.refuse_all(&requests, &rejection),
        };
        let tags: Vec<u64> = requests.iter().map(|request| request.tag).collect();
        let requests = requests.into_iter();
        let requests = requests.map(|r| r.request.unwrap_or_default()).collect();
        let wall_us = open.core.now().wall_us;
        let outcomes = check(open, requests, wall_us).await;
        let unnumbered = outcomes.iter().flatten();
        let unnumbered = unnumbered.filter_map(|checked| checked.unnumbered_sender().cloned());
        let nonces = self.ingest.accounts.last_nonces(unnumbered).await;
        let traced = self.trace(tags.len());
        let mut batch = Vec::with_capacity(tags.len());
        let mut wake = false;
        for (tag, outcome) in tags.into_iter().zip(outcomes) {
            match outcome.and_then(|checked| above(checked, &nonces, wall_us)) {
                Ok((checked, above)) => {
                    let permit = self.room(open, checked.bytes, &mut batch).await;
                    let submission = self.submission(open, tag, checked, permit, &traced);
                    batch.push(Submission {
                        above,
                        ..submission
                    });
                }
                Err(rejection) => wake |= self.outbox.put(tag, Err(rejection)),
            }
        }
        open.core.submit(batch);
        if wake {
            self.outbox.wake();
        }
    }

    /// A span for the batch, which ends with its last answer.
    fn trace(&self, requests: usize) -> Traced {
        let publish = call::publish_span(&self.ingest, &self.call);
        let headers = match publish.is_disabled() {
            true => Arc::clone(&self.untraced),
            false => call::record_headers(&publish),
        };
        messaging::set(
            &publish,
            messaging::BATCH_COUNT,
            messaging::count(requests as u64),
        );
        Traced {
            publish,
            headers,
            since: Instant::now(),
        }
    }

    /// Takes room for one more. Before it waits it submits the batch: others may wait for its room.
    async fn room(&self, open: &Open, bytes: usize, batch: &mut Vec<Submission<Ticket>>) -> Permit {
        if let Some(permit) = self.ingest.window.try_enter_stream(bytes) {
            return permit;
        }
        open.core.submit(std::mem::take(batch));
        // Refusals of this batch must not wait for the room of others.
        self.outbox.wake();
        self.ingest.window.enter_stream(bytes).await
    }

    fn submission(
        &self,
        open: &Open,
        tag: u64,
        checked: Checked,
        permit: Permit,
        traced: &Traced,
    ) -> Submission<Ticket> {
        let reply = StreamReply::new(Arc::clone(&self.outbox), tag, traced.publish.clone());
        Submission {
            ticket: Ticket {
                reply_to: ReplyTo::Stream(reply),
                permit,
                since: traced.since,
            },
            partition: checked.partition,
            content: checked.content,
            above: 0,
            stream: Some(self.stream),
            headers: Arc::clone(&traced.headers),
            deadline_ms: open.core.deadline_ms(call::PATIENCE),
        }
    }

    fn refuse_all(&self, requests: &[SubmitTransactionsRequest], rejection: &Rejection) {
        let refusals = requests.iter().map(|r| (r.tag, Err(rejection.clone())));
        let woken = refusals.filter(|(tag, refusal)| self.outbox.put(*tag, refusal.clone()));
        if woken.count() > 0 {
            self.outbox.wake();
        }
    }
}

/// The nonce above which one must be chosen.
fn above(
    checked: Checked,
    nonces: &BTreeMap<Bytes, Result<u64, Why>>,
    wall_us: u64,
) -> Result<(Checked, u64), Rejection> {
    let known = checked.unnumbered_sender();
    let nonce = match known.and_then(|sender| nonces.get(sender)) {
        Some(nonce) => intake::above(nonce.clone()?, wall_us)?,
        None => 0,
    };
    Ok((checked, nonce))
}

/// Checks requests in batches, off the async threads unless there are few.
async fn check(
    open: &Open,
    requests: Vec<SubmitTransactionRequest>,
    wall_us: u64,
) -> Vec<Result<Checked, Rejection>> {
    let rules = Arc::clone(&open.rules);
    if requests.len() <= FEW_REQUESTS {
        let one = |request| intake::check_one(request, &rules, wall_us);
        return requests.into_iter().map(one).collect();
    }
    let work = tokio::task::spawn_blocking(move || intake::check_many(requests, &rules, wall_us));
    work.await.expect("checking does not panic")
}

/// Waits for the first request, and takes all that have arrived with it, up to `most`. Safe to drop: while it waits it
/// holds no request.
async fn arrived(
    requests: &mut Streaming<SubmitTransactionsRequest>,
    most: usize,
) -> (Vec<SubmitTransactionsRequest>, Option<End>) {
    let mut taken = Vec::new();
    let end =
        std::future::poll_fn(|context| poll_arrived(requests, most, &mut taken, context)).await;
    (taken, end)
}

fn poll_arrived(
    requests: &mut Streaming<SubmitTransactionsRequest>,
    most: usize,
    taken: &mut Vec<SubmitTransactionsRequest>,
    context: &mut Context<'_>,
) -> Poll<Option<End>> {
    while taken.len() < most {
        match Pin::new(&mut *requests).poll_next(context) {
            Poll::Ready(Some(Ok(request))) => taken.push(request),
            Poll::Ready(Some(Err(status))) => {
                return Poll::Ready(Some(End::Broken(Box::new(status))));
            }
            Poll::Ready(None) => return Poll::Ready(Some(End::Complete)),
            Poll::Pending if taken.is_empty() => return Poll::Pending,
            Poll::Pending => break,
        }
    }
    Poll::Ready(None)
}
