//! ListPending: the pending records of a partition, in the order in which blocks will consume them.

use proto::ledger::v1::{ListPendingRequest, ListPendingResponse};

use super::page::Page;
use super::{ask, encode};
use crate::index::View;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    mut request: ListPendingRequest,
) -> Result<ListPendingResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let partition = ask::partition(view, "partition", request.partition)?;
    // Records consumed since the last page are gone; the others come in order.
    let rows = view.pending(partition, page.number()?.unwrap_or(0), page.limit + 1);
    let next = rows.get(page.limit).map(|row| row.offset);
    let rows = rows.iter().take(page.limit);
    Ok(ListPendingResponse {
        records: rows.map(|row| encode::record(row, false)).collect(),
        next_page_token: page.token_of(next),
        tip: encode::tip(view),
    })
}
