//! Requests of several commands.

use chain::Header;
use proto::ingest::v1::{GetSubmissionInfoRequest, GetSubmissionInfoResponse};
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{GetBlockRequest, GetLedgerInfoRequest, GetLedgerInfoResponse};
use proto::miner::v1::{GetMinerStatusRequest, MinerStatus};

use super::Session;
use crate::answer;
use crate::exit::{Failure, Outcome};

impl Session {
    /// State and chain of the ledger.
    pub async fn ledger_info(&self) -> Outcome<GetLedgerInfoResponse> {
        let mut ledger = self.ledger()?;
        let asked = ledger.get_ledger_info(GetLedgerInfoRequest {}).await;
        Ok(asked?.into_inner())
    }

    /// State and chain of ingest.
    pub async fn submission_info(&self) -> Outcome<GetSubmissionInfoResponse> {
        let mut ingest = self.ingest()?;
        let asked = ingest
            .get_submission_info(GetSubmissionInfoRequest {})
            .await;
        Ok(asked?.into_inner())
    }

    /// State of each miner, with its address.
    pub async fn miner_statuses(&self) -> Outcome<Vec<(&str, Outcome<MinerStatus>)>> {
        let mut statuses = Vec::new();
        for (url, mut miner) in self.miners()? {
            let asked = miner.get_miner_status(GetMinerStatusRequest {}).await;
            let status = asked
                .map(|reply| reply.into_inner().status.unwrap_or_default())
                .map_err(Failure::from);
            statuses.push((url, status));
        }
        Ok(statuses)
    }

    /// The header of a block, checked against its id; without an id, of the tip.
    pub async fn header(&self, id: Option<Id>) -> Outcome<Header> {
        let request = GetBlockRequest {
            id: id.clone(),
            ..Default::default()
        };
        let reply = self.ledger()?.get_block(request).await?.into_inner();
        answer::asked_block(reply.block.as_ref(), id.as_ref())
    }
}
