//! GetRecord: what became of one offset.

use proto::ledger::v1::{GetRecordRequest, GetRecordResponse};

use super::{ask, encode};
use crate::problem::Problem;
use crate::index::View;

pub fn handle(view: &View, request: GetRecordRequest) -> Result<GetRecordResponse, Problem> {
    let record = ask::record(view, request.position.as_ref())?;
    let chain_id = view.chain_id();
    Ok(GetRecordResponse {
        record: Some(encode::record(&record, &chain_id, request.with_raw)),
        tip: encode::tip(view),
    })
}
