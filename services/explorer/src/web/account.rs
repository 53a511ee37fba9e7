//! One account: balance, nonce, and its newest entries.

use askama::Template;
use axum::extract::{Path, State as Shared};
use proto::ledger::v1::{AccountEntry, GetAccountRequest, ListAccountEntriesRequest};
use proto::text::Named as _;

use super::error::{Rendered, render};
use super::show::{self, RecordRow, number, time};
use crate::State;

/// Entries on the page.
const ENTRIES: u32 = 50;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    account: String,
    balance: String,
    nonce: String,
    entries: String,
    rows: Vec<EntryRow>,
}

struct EntryRow {
    sequence: String,
    kind: String,
    change: String,
    balance: String,
    height: String,
    time: String,
    record: Option<RecordRow>,
}

/// `/accounts/ACCOUNT`
pub async fn page(Shared(state): Shared<State>, Path(account): Path<String>) -> Rendered {
    let request = GetAccountRequest {
        account: account.clone(),
        at_height: None,
    };
    let found = state
        .upstream
        .ledger()
        .get_account(request)
        .await?
        .into_inner()
        .account
        .unwrap_or_default();
    let request = ListAccountEntriesRequest {
        account,
        page_size: ENTRIES,
        ..Default::default()
    };
    let entries = state
        .upstream
        .ledger()
        .list_account_entries(request)
        .await?
        .into_inner()
        .entries;
    render(&Page {
        account: found.account,
        balance: number(found.balance),
        nonce: number(found.nonce),
        entries: number(found.entries),
        rows: entries.iter().map(row).collect(),
    })
}

fn row(entry: &AccountEntry) -> EntryRow {
    EntryRow {
        sequence: number(entry.sequence),
        kind: entry.kind().words(),
        change: entry
            .change
            .map_or_else(String::new, |change| format!("{change:+}")),
        balance: number(entry.balance),
        height: number(entry.height),
        time: time(entry.timestamp.as_ref()),
        record: entry.record.as_ref().map(RecordRow::from),
    }
}
