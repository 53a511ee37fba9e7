//! How a chain starts: with the first valid block 0.

use std::sync::Arc;

use bytes::Bytes;

use super::{Chain, Tip};
use crate::accepted::Accepted;
use crate::accounts::Accounts;
use crate::block::Block;
use crate::evaluate::{self, Evaluation};
use crate::genesis::{Fault, Genesis, Rules};
use crate::header;
use crate::wire;

impl Chain {
    /// Starts a chain with block 0, or says what is wrong with it. `append_ms` is when the log took it.
    pub fn start(value: &Bytes, append_ms: u64) -> Result<(Chain, Accepted), Fault> {
        let (header, record) = check_block(value)?;
        let genesis = Genesis::decode(record)?;
        let evaluation = evaluate::genesis(&genesis, record);
        check_header(&header, &genesis, &evaluation)?;
        let block = Block::zero(value);
        let mut accounts = Accounts::default();
        accounts.commit(&evaluation.touched);
        let chain = Chain {
            tip: Tip::new(*block.header()),
            parent_timestamp_ms: genesis.timestamp_ms,
            cursors: vec![0; genesis.partitions as usize],
            miners: genesis.miners.clone(),
            version: header::VERSION,
            accounts,
            frontier: evaluation.frontier.clone(),
            supply: (genesis.allocations.iter())
                .map(|it| i128::from(it.amount))
                .sum(),
            rules: Arc::new(Rules {
                chain_id: block.hash(),
                genesis,
            }),
        };
        Ok((chain, Accepted::new(block, append_ms, evaluation)))
    }
}

/// A canonical block with a header and one record only.
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

/// The header is the one that follows from the genesis.
fn check_header(
    header: &wire::Header<'_>,
    genesis: &Genesis,
    evaluation: &Evaluation,
) -> Result<(), Fault> {
    if *header != genesis.header_after(evaluation).wire() {
        return Err(Fault::BadHeader);
    }
    Ok(())
}
