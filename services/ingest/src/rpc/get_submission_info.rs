//! GetSubmissionInfo: the chain and the limits for submissions.

use proto::ingest::v1::GetSubmissionInfoResponse;

use crate::rejection::Rejection;
use crate::state::Ingest;

pub(super) fn handle(ingest: &Ingest) -> Result<GetSubmissionInfoResponse, Rejection> {
    let rules = &ingest.chain()?.rules;
    Ok(GetSubmissionInfoResponse {
        chain_id: rules.chain_id.to_string(),
        chain_name: rules.genesis.name.clone(),
        open: rules.genesis.open,
        topic: ingest.topic.name.clone(),
        partitions: Some(rules.genesis.partitions),
        max_record_bytes: Some(chain::limits::MAX_TRANSACTION_BYTES as u32),
        max_memo_bytes: Some(chain::limits::MAX_MEMO_BYTES as u32),
    })
}
