//! Home: the overview, the newest blocks, the miners.

use askama::Template;
use axum::extract::State as Shared;
use proto::ledger::v1::ListBlocksRequest;
use proto::text::Named as _;

use super::error::{Rendered, render};
use super::show::{self, BlockRow, number, time};
use crate::State;

/// Blocks on the page.
const BLOCKS: u32 = 20;

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    chain_name: String,
    chain_id: String,
    tip_height: String,
    tip_time: String,
    pending: String,
    included: String,
    rejected: String,
    rate: String,
    interval: String,
    blocks: Vec<BlockRow>,
    miners: Vec<MinerRow>,
}

struct MinerRow {
    account: String,
    partitions: String,
    phase: String,
    won: String,
    stale: String,
    rate: String,
}

/// `/`
pub async fn page(Shared(state): Shared<State>) -> Rendered {
    let request = ListBlocksRequest {
        page_size: BLOCKS,
        ..Default::default()
    };
    let blocks = state
        .upstream
        .ledger()
        .list_blocks(request)
        .await?
        .into_inner()
        .blocks;
    let miners = state.upstream.miners().await;
    let overview = state.overview.borrow().now();
    render(&Page {
        chain_name: overview.chain_name,
        chain_id: overview.chain_id,
        tip_height: number(
            blocks
                .first()
                .and_then(|block| block.height)
                .or(overview.tip_height),
        ),
        tip_time: time(blocks.first().and_then(|block| block.timestamp.as_ref())),
        pending: number(overview.pending),
        included: number(overview.transactions_included),
        rejected: number(overview.records_rejected),
        rate: overview
            .transactions_per_second
            .map_or_else(|| "–".into(), |rate| format!("{rate:.1} / s")),
        interval: overview
            .block_interval_ms
            .map_or_else(|| "–".into(), |ms| format!("{:.1} s", ms / 1000.0)),
        blocks: blocks.iter().map(BlockRow::from).collect(),
        miners: miners.iter().map(miner_row).collect(),
    })
}

fn miner_row(status: &proto::miner::v1::MinerStatus) -> MinerRow {
    let partitions: Vec<String> = status.partitions.iter().map(ToString::to_string).collect();
    MinerRow {
        account: status.account.clone(),
        partitions: partitions.join(", "),
        phase: status.phase().words(),
        won: number(status.blocks_won),
        stale: number(status.blocks_stale),
        rate: format!("{:.1} M", status.hash_rate.unwrap_or_default() / 1e6),
    }
}
