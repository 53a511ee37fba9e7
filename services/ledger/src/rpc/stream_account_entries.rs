//! StreamAccountEntries: the entries of one account from a sequence on, then live.

use std::collections::VecDeque;
use std::time::Duration;

use chain::Account;
use kit::server::stream::{Source, is_lagging};
use proto::ledger::v1::{AccountEntry, StreamAccountEntriesRequest, StreamAccountEntriesResponse};
use proto::wire;

use super::live::{Watch, blocking};
use super::{encode, entries};
use crate::index::{Reader, View};
use crate::problem::{Failed, Problem};

/// Entries read at once: rows lie together, and one is small.
const READ_AHEAD: usize = 64;

/// One reader's place in the history of an account.
pub struct Entries {
    watch: Watch,
    account: Account,
    /// Sequence of the next entry.
    next: u64,
    /// Entries from `next` on that were read and not sent yet.
    ahead: VecDeque<AccountEntry>,
    /// True if the stream has been at the last entry.
    live: bool,
}

pub fn handle(
    view: &View,
    reader: Reader,
    request: StreamAccountEntriesRequest,
) -> Result<Entries, Problem> {
    let account = wire::account("account", &request.account)?;
    let next = match request.from_sequence {
        // There is no entry 0.
        Some(sequence) => sequence.max(1),
        None => count(view, &account)? + 1,
    };
    Ok(Entries {
        watch: Watch::new(reader),
        account,
        next,
        ahead: VecDeque::new(),
        live: false,
    })
}

/// Number of entries; 0 for an account that no block has changed.
fn count(view: &View, account: &Account) -> Result<u64, Problem> {
    let state = view.account(account, view.tip().height())?;
    Ok(state.map_or(0, |state| state.entries))
}

impl Source for Entries {
    type Reply = StreamAccountEntriesResponse;
    type Error = Problem;

    async fn next(&mut self, mut paused: Duration) -> Result<Option<Self::Reply>, Problem> {
        loop {
            let view = self.watch.look();
            if let Some(view) = &view {
                let waiting = (count(view, &self.account)? + 1).saturating_sub(self.next);
                if is_lagging(waiting, self.live, paused) {
                    return Err(Failed::Lagged {
                        resume_from: self.next,
                    }
                    .into());
                }
                if waiting > 0 {
                    return self.entry(view).await.map(Some);
                }
                self.live = true;
                paused = Duration::ZERO;
            }
            if !self.watch.wait().await {
                self.watch.replied();
                // The view is from before the silence: everything in it has been sent.
                return Ok(Some(StreamAccountEntriesResponse {
                    tip: view.as_ref().and_then(encode::tip),
                    ..Default::default()
                }));
            }
        }
    }

    fn shutting_down(&self) -> Option<Problem> {
        Some(
            Failed::ShuttingDown {
                resume_from: Some(self.next),
            }
            .into(),
        )
    }
}

impl Entries {
    async fn entry(&mut self, view: &View) -> Result<StreamAccountEntriesResponse, Problem> {
        if self.ahead.is_empty() {
            let (view, account, next) = (view.clone(), self.account, self.next);
            let rows = blocking(move || {
                entries::encode(&view, &view.entries(&account, next, READ_AHEAD)?)
            });
            self.ahead = rows.await?.into();
        }
        let entry = self.ahead.pop_front();
        self.next += 1;
        self.watch.replied();
        Ok(StreamAccountEntriesResponse {
            entry,
            tip: encode::tip(view),
        })
    }
}
