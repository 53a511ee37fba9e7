//! Paged lists of the ledger.

use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{
    AccountEntry, Block, Candidate, ListAccountEntriesRequest, ListBlocksRequest,
    ListCandidatesRequest, ListMinersRequest, ListPendingRequest, Miner, Record,
};
use tonic::Status;

use super::{Peer, Session};
use crate::exit::Outcome;

/// Rows of a page at most.
const PAGE: u32 = 1000;
/// The limit for a complete list.
pub const ALL: u32 = u32::MAX;

/// A request for one page of a list.
pub trait Paged: Clone {
    /// The row type.
    type Row;

    /// Sets the number of rows.
    fn set_size(&mut self, rows: u32);

    /// Sets the token of the page.
    fn set_token(&mut self, token: String);

    /// Requests a page: its rows, and the token of the next one.
    async fn page(
        self,
        ledger: &mut LedgerServiceClient<Peer>,
    ) -> Result<(Vec<Self::Row>, String), Status>;
}

macro_rules! paged {
    ($($request:ty, $method:ident: $rows:ident of $row:ty;)*) => {$(
        impl Paged for $request {
            type Row = $row;

            fn set_size(&mut self, rows: u32) {
                self.page_size = rows;
            }

            fn set_token(&mut self, token: String) {
                self.page_token = token;
            }

            async fn page(
                self,
                ledger: &mut LedgerServiceClient<Peer>,
            ) -> Result<(Vec<$row>, String), Status> {
                let reply = ledger.$method(self).await?.into_inner();
                Ok((reply.$rows, reply.next_page_token))
            }
        }
    )*};
}

paged! {
    ListAccountEntriesRequest, list_account_entries: entries of AccountEntry;
    ListBlocksRequest, list_blocks: blocks of Block;
    ListCandidatesRequest, list_candidates: candidates of Candidate;
    ListMinersRequest, list_miners: miners of Miner;
    ListPendingRequest, list_pending: records of Record;
}

impl Session {
    /// The first rows of a list, at most `limit`, each of which must pass `check`.
    pub async fn rows<R: Paged, T>(
        &self,
        mut request: R,
        limit: u32,
        check: impl Fn(&R::Row) -> Outcome<T>,
    ) -> Outcome<Vec<R::Row>> {
        let mut ledger = self.ledger()?;
        let mut rows = Vec::new();
        request.set_size(limit.min(PAGE));
        loop {
            let (page, next) = request.clone().page(&mut ledger).await?;
            page.iter().try_for_each(|row| check(row).map(drop))?;
            rows.extend(page);
            if rows.len() >= limit as usize || next.is_empty() {
                break;
            }
            request.set_token(next);
        }
        rows.truncate(limit as usize);
        Ok(rows)
    }
}
