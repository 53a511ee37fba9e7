//! GetCheckpoint: the log at a block, signed.

use proto::ledger::v1::{GetCheckpointRequest, GetCheckpointResponse};

use super::ask;
use crate::checkpoint::LogKey;
use crate::index::View;
use crate::problem::{Failed, Problem};

pub fn handle(
    view: &View,
    key: Option<&LogKey>,
    request: GetCheckpointRequest,
) -> Result<GetCheckpointResponse, Problem> {
    let key = key.ok_or(Failed::NoLogKey)?;
    let height = ask::height(view, "height", request.height)?;
    let block = ask::block(view, "height", height)?;
    let header = &block.header;
    Ok(GetCheckpointResponse {
        note: key.checkpoint(&view.chain_id(), header.log_size, &header.log_root),
        height: Some(height),
        block_hash: block.hash.to_string(),
    })
}
