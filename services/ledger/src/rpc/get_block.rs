//! GetBlock: one block, by height or hash.

use prost::Message as _;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{GetBlockRequest, GetBlockResponse};
use proto::wire;

use super::{ask, encode, records};
use crate::index::View;
use crate::problem::{Problem, Unknown};

/// True if it takes more than a few reads.
pub fn is_heavy(request: &GetBlockRequest) -> bool {
    request.with_records || request.with_raw
}

pub fn handle(view: &View, request: GetBlockRequest) -> Result<GetBlockResponse, Problem> {
    let tip = view.tip().height();
    let height = match &request.id {
        None => tip,
        Some(Id::Height(height)) => *height,
        Some(Id::Hash(text)) => {
            let hash = wire::hash("hash", text)?;
            let height = view.height_of(&hash)?;
            height.ok_or(Problem::Unknown {
                what: Unknown::Block(hash),
                as_of: tip,
            })?
        }
    };
    let found = ask::block(view, "height", height)?;
    let mut block = encode::block(&found);
    if request.with_raw {
        block.raw = view.raw_block(&found)?;
    }
    if request.with_records {
        let from = found.header.from_offset;
        let taken = block.encoded_len();
        block.records = records::of_block(view, &found, from, request.with_raw, taken)?.records;
    }
    Ok(GetBlockResponse {
        block: Some(block),
        tip: encode::tip(view),
    })
}
