//! One transaction and its status.

use askama::Template;
use axum::extract::{Path, State as Shared};
use proto::ledger::v1::GetTransactionRequest;
use proto::text::Named as _;

use super::error::{Rendered, render};
use super::show::RecordRow;
use crate::State;

#[derive(Template)]
#[template(path = "transaction.html")]
struct Page {
    id: String,
    state: &'static str,
    record: Option<RecordRow>,
    block_hash: String,
    trace_id: String,
}

/// `/transactions/ID`
pub async fn page(Shared(state): Shared<State>, Path(id): Path<String>) -> Rendered {
    let reply = state
        .upstream
        .ledger()
        .get_transaction(GetTransactionRequest { id: id.clone() })
        .await?
        .into_inner();
    let status = reply.status.unwrap_or_default();
    render(&Page {
        id,
        state: status.state().code(),
        record: status.record.as_ref().map(RecordRow::from),
        block_hash: status.block.map(|block| block.hash).unwrap_or_default(),
        trace_id: status.trace_id,
    })
}
