//! GetLedgerInfo: the state of the chain.

use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse, PartitionState};
use proto::wire::timestamp;

use super::encode;
use crate::index::View;
use crate::model::answer::Partition;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    _request: GetLedgerInfoRequest,
) -> Result<GetLedgerInfoResponse, Problem> {
    let (genesis, totals) = (&view.rules().genesis, view.totals());
    let partitions = (0..).zip(view.partitions());
    Ok(GetLedgerInfoResponse {
        chain_id: view.chain_id().to_string(),
        chain_name: genesis.name.clone(),
        open: genesis.open,
        tip: encode::tip(view),
        partitions: partitions
            .map(|(number, state)| partition(number, &state))
            .collect(),
        applied_offset: Some(totals.applied_offset),
        end_offset: Some(totals.end_offset),
        accounts: Some(totals.accounts),
        transactions_included: Some(totals.included),
        records_rejected: Some(totals.rejected),
        supply: Some(totals.supply),
        audit: Some(encode::audit(&view.audit()?)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        miners: totals.miners.iter().map(ToString::to_string).collect(),
    })
}

fn partition(number: u32, state: &Partition) -> PartitionState {
    PartitionState {
        partition: Some(number),
        cursor: Some(state.cursor),
        end_offset: Some(state.end),
        oldest_pending_time: state.oldest_pending_ms.map(timestamp),
    }
}
