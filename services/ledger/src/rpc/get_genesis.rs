//! GetGenesis: the rules of the chain.

use proto::ledger::v1::{GetGenesisRequest, GetGenesisResponse};
use proto::wire::{bits_text, timestamp};

use super::encode;
use crate::index::View;
use crate::problem::Problem;

pub fn handle(view: &View, _request: GetGenesisRequest) -> Result<GetGenesisResponse, Problem> {
    let genesis = &view.rules().genesis;
    Ok(GetGenesisResponse {
        chain_id: view.chain_id().to_string(),
        chain_name: genesis.name.clone(),
        timestamp: Some(timestamp(genesis.timestamp_ms)),
        open: genesis.open,
        partitions: Some(genesis.partitions),
        reward: Some(genesis.reward),
        bits: bits_text(genesis.bits),
        target_block_ms: Some(genesis.target_block_ms),
        max_block_records: Some(genesis.max_block_records),
        max_block_bytes: Some(genesis.max_block_bytes),
        miners: genesis.miners.iter().map(ToString::to_string).collect(),
        // A record of at most 1 MiB holds fewer than 2^32.
        allocations: Some(genesis.allocations.len() as u32),
        record: genesis.encode(),
        admin: encode::text(genesis.admin.as_ref()),
    })
}
