//! ListCandidates: candidates that did not become blocks, newest first.

use proto::ledger::v1::{ListCandidatesRequest, ListCandidatesResponse};

use super::encode;
use super::page::Page;
use crate::index::View;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    mut request: ListCandidatesRequest,
) -> Result<ListCandidatesResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let before = page.number()?.unwrap_or(u64::MAX);
    let rows = view.candidates(before, page.limit + 1)?;
    let more = rows.len() > page.limit;
    let rows = &rows[..rows.len().min(page.limit)];
    let next = rows.last().filter(|_| more).map(|last| last.topic_offset);
    Ok(ListCandidatesResponse {
        candidates: rows.iter().map(encode::candidate).collect(),
        next_page_token: page.token_of(next),
        tip: encode::tip(view),
    })
}
