//! GetTransaction: the fate of a transaction.

use proto::ledger::v1::{GetTransactionRequest, GetTransactionResponse};
use proto::wire;

use super::{ask, encode};
use crate::index::View;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    request: GetTransactionRequest,
) -> Result<GetTransactionResponse, Problem> {
    let id = wire::hash("id", &request.id)?;
    let height = view.tip().height();
    let occurrence = view.transaction(&id)?;
    let occurrence = occurrence.ok_or_else(|| Problem::unknown_transaction(id, height))?;
    Ok(GetTransactionResponse {
        status: Some(ask::status(view, &id, &occurrence)?),
        tip: encode::tip(view),
    })
}
