//! Blocks: the list, and one with its records and verdicts.

use askama::Template;
use axum::extract::{Path, Query, State as Shared};
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::{GetBlockRequest, ListBlocksRequest};
use serde::Deserialize;

use super::error::{Error, Rendered, render};
use super::show::{self, BlockRow, RecordRow, number, time};
use crate::State;

/// Blocks on a page of the list.
const BLOCKS: u32 = 50;

#[derive(Template)]
#[template(path = "blocks.html")]
struct ListPage {
    blocks: Vec<BlockRow>,
    next: String,
}

#[derive(Template)]
#[template(path = "block.html")]
struct Page {
    row: BlockRow,
    previous_hash: String,
    parent: Option<u64>,
    child: Option<u64>,
    log_root: String,
    log_size: String,
    bits: String,
    nonce: String,
    reward: String,
    signature: String,
    void_offsets: String,
    size: String,
    topic_offset: String,
    append_time: String,
    header: String,
    records: Vec<RecordRow>,
    more: u64,
}

/// Page token of the list.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    #[serde(default)]
    page: String,
}

/// `/blocks`
pub async fn list(Shared(state): Shared<State>, Query(after): Query<After>) -> Rendered {
    let request = ListBlocksRequest {
        page_size: BLOCKS,
        page_token: after.page,
        ..Default::default()
    };
    let reply = state
        .upstream
        .ledger()
        .list_blocks(request)
        .await?
        .into_inner();
    render(&ListPage {
        blocks: reply.blocks.iter().map(BlockRow::from).collect(),
        next: reply.next_page_token,
    })
}

/// `/blocks/HEIGHT` or `/blocks/HASH`
pub async fn page(Shared(state): Shared<State>, Path(id): Path<String>) -> Rendered {
    let id = match id.parse() {
        Ok(height) if id.len() < 21 => Id::Height(height),
        _ if id.len() == 64 => Id::Hash(id),
        _ => {
            return Err(Error::BadAddress(format!(
                "{id:?} is neither a height nor a hash of 64 hex digits."
            )));
        }
    };
    let request = GetBlockRequest {
        id: Some(id),
        with_records: true,
        with_raw: false,
    };
    let reply = state
        .upstream
        .ledger()
        .get_block(request)
        .await?
        .into_inner();
    let tip = reply.tip.and_then(|tip| tip.height).unwrap_or_default();
    let block = reply.block.unwrap_or_default();
    let height = block.height.unwrap_or_default();
    let records = u64::from(block.included.unwrap_or_default())
        + u64::from(block.rejected.unwrap_or_default());
    render(&Page {
        row: BlockRow::from(&block),
        parent: height.checked_sub(1),
        child: (height < tip).then_some(height + 1),
        previous_hash: block.previous_hash,
        log_root: block.log_root,
        log_size: number(block.log_size),
        bits: block.bits,
        nonce: number(block.nonce),
        reward: number(block.reward),
        signature: block.signature,
        void_offsets: number(block.void_offsets),
        size: number(block.size_bytes),
        topic_offset: number(block.topic_offset),
        append_time: time(block.append_time.as_ref()),
        header: block.header,
        more: records.saturating_sub(block.records.len() as u64),
        records: block.records.iter().map(RecordRow::from).collect(),
    })
}
