//! The chain of a world by the rules alone.

use bytes::Bytes;
use chain::Chain;
use chain::parallel::Sequential;

use crate::world::World;

impl World {
    /// The chain as anybody reads it: the state, each sealed record with its verdict byte, and the stale candidates.
    pub fn judge(&self) -> Judged {
        let mut records = self.blockchain.records.iter();
        let zero = records.next().expect("block 0");
        let (mut chain, _) = Chain::start(&zero.value, zero.append_ms).expect("block 0");
        let mut judged = Judged {
            sealed: vec![],
            values: vec![],
            blocks: vec![],
            refused: vec![],
            chain: chain.clone(),
        };
        for record in records {
            let signatures = chain::record::Signatures::Check {
                seed: [9; 32],
                known: &|_| false,
            };
            let accepted = chain.frame(record.value.clone()).and_then(|block| {
                let block = chain.admit(block, record.append_ms)?;
                let block = block.check(chain.rules(), signatures, &Sequential)?;
                chain.apply(block, record.append_ms)
            });
            match accepted {
                Ok(accepted) => {
                    let header = accepted.block.header();
                    judged
                        .blocks
                        .push((header.partition, header.from_offset, header.to_offset));
                    for (offset, slot) in accepted.block.slots() {
                        if let chain::Slot::Record((record, verdict)) = slot {
                            judged.values.push(record.bytes().clone());
                            judged
                                .sealed
                                .push((header.partition, offset, verdict.code()));
                        }
                    }
                }
                Err(rule) => judged.refused.push(rule.code()),
            }
        }
        judged.chain = chain;
        judged
    }
}

/// What a chain says.
pub struct Judged {
    /// Partition, offset, verdict of each record, in the order of the chain.
    pub sealed: Vec<(u32, u64, &'static str)>,
    /// Bytes of each of them.
    pub values: Vec<Bytes>,
    /// Partition and slice of each block.
    pub blocks: Vec<(u32, u64, u64)>,
    /// Rules that the other candidates broke.
    pub refused: Vec<&'static str>,
    pub chain: Chain,
}
