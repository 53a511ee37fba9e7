//! Translates the status into wire messages.

use proto::miner::v1 as wire;
use proto::wire::bits_text;

use crate::core::{Phase, Slice, Status};

pub(super) fn status(status: &Status) -> wire::MinerStatus {
    let text = |hash: chain::Hash| hash.to_string();
    wire::MinerStatus {
        chain_id: status.chain_id.map(text).unwrap_or_default(),
        account: status.account.to_string(),
        partitions: status.partitions.clone(),
        phase: phase(status.phase).into(),
        tip_height: status.tip.map(|(height, _)| height),
        tip_hash: status.tip.map(|(_, hash)| text(hash)).unwrap_or_default(),
        template: status.slice.as_ref().map(template),
        hash_rate: status.hash_rate(),
        blocks_won: Some(status.blocks_won),
        blocks_stale: Some(status.blocks_stale),
    }
}

fn phase(phase: Phase) -> wire::Phase {
    match phase {
        Phase::CatchingUp => wire::Phase::CatchingUp,
        Phase::Waiting => wire::Phase::WaitingForRecords,
        Phase::Sealing => wire::Phase::Sealing,
        Phase::Proposed => wire::Phase::Proposed,
    }
}

fn template(slice: &Slice) -> wire::Template {
    wire::Template {
        height: Some(slice.height),
        partition: Some(slice.partition),
        from_offset: Some(slice.from_offset),
        to_offset: Some(slice.to_offset),
        included: Some(slice.included),
        rejected: Some(slice.rejected),
        bits: bits_text(slice.bits),
    }
}
