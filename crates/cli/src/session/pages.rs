//! Lists that the ledger answers page by page.

use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{
    AccountEntry, Block, Candidate, ListAccountEntriesRequest, ListBlocksRequest,
    ListCandidatesRequest, ListMinersRequest, ListPendingRequest, Miner, Record,
};
use tonic::Status;

use super::{Peer, Session};
use crate::exit::Outcome;

/// Most rows of a page.
const PAGE: u32 = 1000;
/// The limit of a list that is wanted whole.
pub const ALL: u32 = u32::MAX;

/// A request for one page of a list.
pub trait Paged: Clone {
    /// What is listed.
    type Row;

    /// Asks for that many rows.
    fn set_size(&mut self, rows: u32);

    /// Asks for the page that a token names.
    fn set_token(&mut self, token: String);

    /// The rows of the page, and the token of the next one.
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
    /// The first rows of a list, at most `limit`, each of which `check` lets pass.
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
