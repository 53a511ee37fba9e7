//! GetBlock: one block, by height, by hash, or the tip.

use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{Block, GetBlockRequest, GetBlockResponse};
use proto::wire::{hash, tip};
use tonic::{Request, Response};

use super::call::{reading, reply};
use super::error::Error;
use super::{Api, encode};
use crate::store::View;

/// Records in one reply at most: default clients stop at 4 MiB.
const MOST_RECORDS: usize = 1000;

pub(super) async fn handle(
    api: &Api,
    request: Request<GetBlockRequest>,
) -> Result<Response<GetBlockResponse>, Error> {
    let view = api.view(&request).await?;
    let GetBlockRequest {
        id,
        with_records,
        with_raw,
    } = request.into_inner();
    let height = match id {
        None => view.tip().height,
        Some(Id::Height(height)) => height,
        Some(Id::Hash(text)) => {
            let as_of = view.tip().height;
            view.height_of(&hash("hash", &text)?)?
                .ok_or(Error::UnknownBlock { as_of })?
        }
    };
    let block = match with_records || with_raw {
        false => block(&view, height, false, false)?,
        true => {
            let view = view.clone();
            reading(move || block(&view, height, with_records, with_raw)).await?
        }
    };
    Ok(reply(
        &view,
        GetBlockResponse {
            block: Some(block),
            tip: Some(tip(view.tip())),
        },
    ))
}

fn block(view: &View, height: u64, with_records: bool, with_raw: bool) -> Result<Block, Error> {
    let tip = view.tip().height;
    let found = view
        .block(height)?
        .ok_or(Error::HeightAboveTip { height, tip })?;
    let mut block = encode::block(&found);
    if with_records {
        let header = &found.header;
        let records = view.records(
            header.partition,
            header.from_offset..header.to_offset,
            MOST_RECORDS,
        )?;
        block.records = records
            .iter()
            .map(|record| encode::record(record, &view.chain_id(), false))
            .collect();
    }
    if with_raw {
        block.raw = view.raw_block(&found)?;
    }
    Ok(block)
}
