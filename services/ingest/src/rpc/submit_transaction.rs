//! SubmitTransaction: one transaction, answered once it is durable.

use std::time::Instant;

use kit::TraceContext;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};
use tokio::sync::oneshot;
use tonic::Request;

use super::call;
use crate::core::{Content, Submission};
use crate::intake::{self, Checked};
use crate::rejection::{Rejection, Unavailable, Why};
use crate::shell::{ReplyTo, Ticket};
use crate::state::Ingest;

/// Time after which a call that found no room may try again.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) async fn handle(
    ingest: &Ingest,
    request: Request<SubmitTransactionRequest>,
) -> Result<SubmitTransactionResponse, Rejection> {
    let open = ingest.open()?;
    let within = call::patience(request.extensions().get());
    let wall_us = open.core.now().wall_us;
    let checked = intake::check_one(request.into_inner(), &open.rules, wall_us)?;
    let above = match checked.unnumbered_sender() {
        Some(sender) => intake::above(ingest.accounts.last_nonce(sender).await?, wall_us)?,
        None => 0,
    };
    let permit = ingest
        .window
        .try_enter(checked.bytes)
        .ok_or_else(|| overloaded(&checked))?;
    let publish = call::publish_span(ingest, &TraceContext::current());
    let (sender, outcome) = oneshot::channel();
    open.core.submit(vec![Submission {
        ticket: Ticket {
            reply_to: ReplyTo::Call(sender),
            permit,
            since: Instant::now(),
        },
        partition: checked.partition,
        content: checked.content,
        above,
        stream: None,
        headers: call::record_headers(&publish),
        deadline_ms: open.core.deadline_ms(within),
    }]);
    // The sender is dropped without an answer only if the core ended before it took the submission.
    let ended = || Err(Rejection::new(Unavailable::ShuttingDown));
    let outcome = outcome.await.unwrap_or_else(|_| ended());
    call::note(&publish, &outcome);
    outcome.map(call::encode)
}

fn overloaded(checked: &Checked) -> Rejection {
    let why = Why::Overloaded {
        retry_after: RETRY_AFTER,
    };
    match &checked.content {
        Content::Sealed(sealed) => Rejection::of(why, sealed.id, sealed.transaction.nonce),
        Content::Unnumbered(_) => why.into(),
    }
}
