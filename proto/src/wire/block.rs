//! Blocks, headers and tips.

use chain::{Hash, Header, header};

use super::field::timestamp;
use crate::ledger::v1 as ledger;

/// Bits as 8 hex digits, as in Bitcoin.
pub fn bits_text(bits: u32) -> String {
    format!("{bits:08x}")
}

/// The fields of a block that its header and signature give. The caller adds counts, sizes, reward and positions.
pub fn block(
    header: &Header,
    header_bytes: &[u8; header::BYTES],
    hash: &Hash,
    signature: &[u8],
) -> ledger::Block {
    ledger::Block {
        hash: hash.to_string(),
        height: Some(header.height),
        previous_hash: header.previous_hash.to_string(),
        log_root: header.log_root.to_string(),
        log_size: Some(header.log_size),
        timestamp: Some(timestamp(header.timestamp_ms)),
        partition: Some(header.partition),
        from_offset: Some(header.from_offset),
        to_offset: Some(header.to_offset),
        miner: header
            .miner
            .map(|miner| miner.to_string())
            .unwrap_or_default(),
        bits: bits_text(header.bits),
        nonce: Some(header.nonce),
        signature: hex::encode(signature),
        header: hex::encode(header_bytes),
        ..Default::default()
    }
}

/// A tip as in replies.
pub fn tip(tip: &chain::Tip) -> ledger::Tip {
    ledger::Tip {
        height: Some(tip.height()),
        hash: tip.hash.to_string(),
        timestamp: Some(timestamp(tip.header.timestamp_ms)),
        log_root: tip.header.log_root.to_string(),
        log_size: Some(tip.header.log_size),
    }
}
