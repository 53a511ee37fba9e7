//! The start of a chain, from the first valid block 0.

use std::sync::Arc;

use bytes::Bytes;

use super::{Chain, Tip};
use crate::accepted::Accepted;
use crate::accounts::Accounts;
use crate::block::Block;
use crate::codec;
use crate::evaluate::{self, Evaluation};
use crate::genesis::{Fault, Genesis, Rules};
use crate::hash::Hash;
use crate::header::{self, Header};
use crate::wire::{self, block_field};

impl Genesis {
    /// The value of block 0, ready for the topic `blockchain`.
    pub fn block_zero(&self) -> Bytes {
        let record = self.encode();
        let evaluation = evaluate::genesis(self, &record);
        let header = header(self, &evaluation).wire().encode();
        let mut out = Vec::with_capacity(header.len() + record.len() + 16);
        codec::put_element(&mut out, block_field::HEADER, &header);
        codec::put_element(&mut out, block_field::RECORDS, &record);
        out.into()
    }

    /// The hash of block 0.
    pub fn chain_id(&self) -> Hash {
        header(self, &evaluate::genesis(self, &self.encode())).hash()
    }
}

impl Chain {
    /// Starts a chain with block 0, or names the first rule that it breaks. `append_ms` is the append time of its record.
    pub fn start(value: &Bytes, append_ms: u64) -> Result<(Chain, Accepted), Fault> {
        let (header, record) = check_block(value)?;
        let genesis = Genesis::decode(record)?;
        let evaluation = evaluate::genesis(&genesis, record);
        check_header(&header, &genesis, &evaluation)?;
        let block = Block::zero(value);
        let mut accounts = Accounts::default();
        accounts.commit(&evaluation.effects.touched);
        let chain = Chain {
            tip: Tip::from(*block.header()),
            parent_timestamp_ms: genesis.timestamp_ms,
            cursors: vec![0; genesis.partitions as usize],
            miners: genesis.miners.clone(),
            version: header::VERSION,
            accounts,
            frontier: evaluation.frontier,
            supply: (genesis.allocations.iter())
                .map(|it| i128::from(it.amount))
                .sum(),
            rules: Arc::new(Rules {
                chain_id: block.hash(),
                genesis,
            }),
        };
        let accepted = Accepted {
            block,
            append_ms,
            effects: evaluation.effects,
        };
        Ok((chain, accepted))
    }
}

/// format.md, "Genesis (block 0)", the Block: "canonical, a header, one record, no verdicts, holes or signature".
fn check_block(value: &[u8]) -> Result<(wire::Header<'_>, &[u8]), Fault> {
    let (mut records, mut first, mut holes) = (0_u64, None, 0_u64);
    let block = wire::Block::decode(
        value,
        |record| {
            records += 1;
            first.get_or_insert(record);
        },
        |_, _| holes += 1,
    )
    .map_err(|_| Fault::NotBlockZero)?;
    let bare = block.signature.is_empty() && block.verdicts.is_empty() && holes == 0;
    match (block.header, first) {
        (Some(header), Some(record)) if bare && records == 1 => Ok((header, record)),
        _ => Err(Fault::NotBlockZero),
    }
}

/// format.md, "Genesis (block 0)", the header: "timestamp and bits of genesis; miner empty; log root and size after its leaves".
fn check_header(
    header: &wire::Header<'_>,
    genesis: &Genesis,
    evaluation: &Evaluation,
) -> Result<(), Fault> {
    if *header != self::header(genesis, evaluation).wire() {
        return Err(Fault::BadHeader);
    }
    Ok(())
}

/// The header of block 0 after its evaluation.
fn header(genesis: &Genesis, evaluation: &Evaluation) -> Header {
    Header {
        version: header::VERSION,
        height: 0,
        previous_hash: Hash::ZERO,
        log_root: evaluation.frontier.root(),
        log_size: evaluation.frontier.size(),
        timestamp_ms: genesis.timestamp_ms,
        partition: 0,
        from_offset: 0,
        to_offset: 0,
        miner: None,
        bits: genesis.bits,
        nonce: 0,
    }
}
