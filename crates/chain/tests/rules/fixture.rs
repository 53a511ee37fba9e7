//! A small closed chain, a miner that may mine on it, and blocks to break.

use bytes::Bytes;
use chain::Slot;
use chain::block::Rule;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Accepted, Account, Chain, Draft, Genesis, Secret, Transaction, genesis, record, work};
use prost::Message;
use proto::chain::v1;

/// When everything happens, in milliseconds.
pub const NOW_MS: u64 = 1_700_000_000_000;

pub fn secret(seed: u8) -> Secret {
    Secret::from_seed([seed; 32])
}

/// The miner, who is the admin too.
pub fn miner() -> Secret {
    secret(1)
}

/// Somebody who has 1000.
pub fn rich() -> Secret {
    secret(2)
}

pub fn closed_genesis() -> Genesis {
    Genesis {
        name: "rules".to_owned(),
        timestamp_ms: NOW_MS,
        // Every other hash does.
        bits: 0x207f_ffff,
        max_block_records: 20,
        max_block_bytes: 64 << 10,
        allocations: vec![genesis::Allocation {
            account: rich().account(),
            amount: 1000,
        }],
        miners: vec![miner().account()],
        admin: Some(miner().account()),
        ..Genesis::default()
    }
}

pub fn start(genesis: &Genesis) -> Chain {
    let (chain, _) = Chain::start(&genesis.block_zero(), NOW_MS).expect("the genesis is valid");
    chain
}

/// A transaction that is good, but for what a test changes.
pub fn payment(from: &Account, to: Account, nonce: u64) -> Transaction {
    Transaction {
        sender: Bytes::copy_from_slice(from.as_bytes()),
        recipient: Bytes::copy_from_slice(to.as_bytes()),
        amount: 10,
        nonce,
        ..Transaction::default()
    }
}

/// The record of a transaction, signed.
pub fn signed(chain: &Chain, transaction: Transaction, secret: &Secret) -> Bytes {
    transaction.sign(&chain.rules().chain_id, secret).encode()
}

/// The next block of partition 0, with these records and behind them a hole of two offsets.
pub fn next_block(chain: &Chain, records: Vec<Bytes>) -> v1::Block {
    let records = record::check_all(records, chain.rules(), [3; 32], &Sequential);
    let slots = records.into_iter().map(Slot::Record).chain([Slot::Hole(2)]);
    let template = chain
        .assemble(Draft {
            partition: 0,
            slots: slots.collect(),
            miner: miner().account(),
            timestamp_ms: chain.tip().header.timestamp_ms + 1,
        })
        .expect("the miner may mine");
    v1::Block::decode(template.finish(0, None)).expect("a template is a block")
}

/// Finds work for a block (or work that does not do), signs it, and encodes it.
pub fn seal(mut block: v1::Block, enough: bool) -> Bytes {
    for nonce in 0.. {
        let header = block.header.as_mut().expect("the block has a header");
        header.nonce = nonce;
        let bits = header.bits;
        block.signature = Bytes::new();
        let framed = chain::block::frame(block.encode_to_vec().into(), u32::MAX);
        // Of what does not even begin like a block, no work can be asked.
        let Ok(framed) = framed else { break };
        if work::meets(&framed.hash(), bits) == enough {
            let message = [b"blocklog:block:v1", &framed.hash().0[..]].concat();
            block.signature = Bytes::copy_from_slice(&miner().sign(&message));
            break;
        }
    }
    block.encode_to_vec().into()
}

/// What becomes of a candidate, by all stages.
pub fn judge(chain: &mut Chain, value: Bytes, append_ms: u64) -> Result<Accepted, Rule> {
    let block = chain.frame(value)?;
    let block = chain.admit(block, append_ms)?;
    let signatures = Signatures::Check {
        seed: [9; 32],
        known: &|_| false,
    };
    let checked = block.check(&chain.rules().clone(), signatures, &Sequential)?;
    chain.apply(checked, append_ms)
}

/// Applies a block with these records, and expects it to be good.
pub fn advance(chain: &mut Chain, records: Vec<Bytes>) -> Accepted {
    let value = seal(next_block(chain, records), true);
    judge(chain, value, NOW_MS).expect("the block is good")
}
