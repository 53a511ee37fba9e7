//! GetLedgerInfo: where the ledger stands.

use proto::ledger::v1::{AuditState, GetLedgerInfoRequest, GetLedgerInfoResponse, PartitionState};
use proto::wire::{timestamp, tip};
use tonic::{Request, Response};

use super::call::reply;
use super::error::Error;
use super::{Api, encode};
use crate::store::View;
use crate::store::answer::Partition;

pub(super) async fn handle(
    api: &Api,
    request: Request<GetLedgerInfoRequest>,
) -> Result<Response<GetLedgerInfoResponse>, Error> {
    let view = api.view(&request).await?;
    Ok(reply(&view, info(&view)?))
}

fn info(view: &View) -> Result<GetLedgerInfoResponse, Error> {
    let genesis = &view.rules().genesis;
    let totals = view.totals();
    let audit = view.audit()?;
    Ok(GetLedgerInfoResponse {
        chain_id: view.chain_id().to_string(),
        chain_name: genesis.name.clone(),
        open: genesis.open,
        tip: Some(tip(view.tip())),
        partitions: (0..).zip(view.partitions()).map(partition).collect(),
        applied_offset: Some(totals.applied_offset),
        end_offset: Some(totals.end_offset),
        accounts: Some(totals.accounts),
        transactions_included: Some(totals.included),
        records_rejected: Some(totals.rejected),
        supply: Some(totals.supply),
        audit: Some(AuditState {
            checked_height: audit.checked_height,
            findings: Some(audit.findings),
            latest: audit.latest.as_ref().map(encode::finding),
        }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        miners: totals.miners.iter().map(ToString::to_string).collect(),
    })
}

fn partition((number, partition): (u32, Partition)) -> PartitionState {
    PartitionState {
        partition: Some(number),
        cursor: Some(partition.cursor),
        end_offset: Some(partition.end),
        oldest_pending_time: partition.oldest_pending_ms.map(timestamp),
    }
}
