//! GetRecord: the fate of one offset.

use proto::ledger::v1::{GetRecordRequest, GetRecordResponse};

use super::{ask, encode};
use crate::index::View;
use crate::problem::Problem;

pub fn handle(view: &View, request: GetRecordRequest) -> Result<GetRecordResponse, Problem> {
    let record = ask::record(view, request.position.as_ref())?;
    Ok(GetRecordResponse {
        record: Some(encode::record(&record, request.with_raw)),
        tip: encode::tip(view),
    })
}
