//! ListAccountEntries: the entries of an account, newest first unless asked otherwise.

use proto::ledger::v1::{ListAccountEntriesRequest, ListAccountEntriesResponse};
use proto::wire;

use super::page::Page;
use super::{ask, encode, entries};
use crate::index::View;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    mut request: ListAccountEntriesRequest,
) -> Result<ListAccountEntriesResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let account = wire::account("account", &request.account)?;
    let state = ask::account(view, &account, view.tip().height())?;
    // A token is the next sequence if oldest first, else the last one plus one.
    let at = page.number()?;
    let entries = match request.oldest_first {
        true => view.entries(&account, at.unwrap_or(1), page.limit)?,
        false => view.entries_back(&account, at.unwrap_or(u64::MAX), page.limit)?,
    };
    let last = entries.last().map(|last| last.sequence);
    let next = last.and_then(|last| match request.oldest_first {
        true => Some(last + 1).filter(|next| *next <= state.entries),
        false => Some(last).filter(|last| *last > 1),
    });
    Ok(ListAccountEntriesResponse {
        entries: entries::encode(view, &entries)?,
        next_page_token: page.token_of(next),
        tip: encode::tip(view),
    })
}
