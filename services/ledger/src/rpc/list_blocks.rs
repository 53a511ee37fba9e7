//! ListBlocks: blocks in a range of heights, newest first unless asked otherwise, optionally of one miner.

use std::ops::Range;

use proto::ledger::v1::{ListBlocksRequest, ListBlocksResponse};
use proto::wire;

use super::page::Page;
use super::{ask, encode};
use crate::index::View;
use crate::problem::{Invalid, Problem};

pub fn handle(view: &View, mut request: ListBlocksRequest) -> Result<ListBlocksResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let from = request.from_height.unwrap_or(0);
    let to = request.to_height.unwrap_or(u64::MAX);
    if from > to {
        return Err(Invalid::InvertedRange {
            field: "from_height",
        }
        .into());
    }
    let mut left = from..to.min(view.tip().height() + 1);
    // A token is the next height if oldest first, else the last one plus one.
    match (page.number()?, request.oldest_first) {
        (Some(at), true) => left.start = left.start.max(at),
        (Some(at), false) => left.end = left.end.min(at),
        (None, _) => {}
    }
    let heights = heights(view, &request, &left, page.limit)?;
    let last = heights.last().filter(|_| heights.len() == page.limit);
    let next = last.and_then(|last| match request.oldest_first {
        true => Some(last + 1).filter(|next| *next < left.end),
        false => Some(*last).filter(|next| *next > left.start),
    });
    let blocks = heights.into_iter().map(|height| {
        let block = ask::block(view, "from_height", height)?;
        Ok(encode::block(&block))
    });
    Ok(ListBlocksResponse {
        blocks: blocks.collect::<Result<_, Problem>>()?,
        next_page_token: page.token_of(next),
        tip: encode::tip(view),
    })
}

/// The heights of a page, in its order.
fn heights(
    view: &View,
    request: &ListBlocksRequest,
    left: &Range<u64>,
    limit: usize,
) -> Result<Vec<u64>, Problem> {
    if !request.miner.is_empty() {
        let miner = wire::account("miner", &request.miner)?;
        return Ok(view.blocks_of(&miner, left.clone(), !request.oldest_first, limit)?);
    }
    Ok(match request.oldest_first {
        true => left.clone().take(limit).collect(),
        false => left.clone().rev().take(limit).collect(),
    })
}
