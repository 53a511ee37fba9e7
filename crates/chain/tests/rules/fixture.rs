//! A small closed chain, a miner that may mine on it, and blocks to break.

use bytes::Bytes;
use chain::block::Rule;
use chain::genesis::Allocation;
use chain::testing::{self, CHECK, secret};
use chain::{Accepted, Account, Chain, Genesis, Secret, Slot, Transaction, record, work};
use prost::Message;
use proto::chain::v1;

pub use chain::testing::NOW_MS;

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
        open: false,
        max_block_records: 20,
        max_block_bytes: 64 << 10,
        allocations: vec![Allocation {
            account: rich().account(),
            amount: 1000,
        }],
        miners: vec![miner().account()],
        admin: Some(miner().account()),
        ..testing::genesis("rules")
    }
}

pub fn start(genesis: &Genesis) -> Chain {
    testing::Grower::new(genesis).chain
}

/// A transaction that is good, but for what a test changes.
pub fn payment(from: &Account, to: Account, nonce: u64) -> Transaction {
    testing::transfer(from, &to, 10, nonce)
}

/// The record of a transaction, signed.
pub fn signed(chain: &Chain, transaction: Transaction, secret: &Secret) -> Bytes {
    transaction.sign(&chain.rules().chain_id, secret).encode()
}

/// The next block of partition 0, with these records and behind them a hole of two offsets.
pub fn next_block(chain: &Chain, records: Vec<Bytes>) -> v1::Block {
    let records = records.into_iter();
    let slots = records.map(|it| Slot::Record(record::check(it, chain.rules())));
    let slots = slots.chain([Slot::Hole(2)]).collect();
    let template = testing::template(chain, 0, slots, miner().account());
    v1::Block::decode(template.finish(0, None)).expect("a template is a block")
}

/// Finds work for a block (or work that does not do), signs it, and encodes it.
pub fn seal(mut block: v1::Block, enough: bool) -> Bytes {
    for nonce in 0.. {
        let header = block.header.as_mut().expect("the block has a header");
        header.nonce = nonce;
        let bits = header.bits;
        block.signature = Bytes::new();
        let framed = chain::block::frame(block.encode_to_vec().into());
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

/// Takes a candidate through all stages.
pub fn judge(chain: &mut Chain, value: Bytes, append_ms: u64) -> Result<Accepted, Rule> {
    testing::judge(chain, value, append_ms, CHECK)
}

/// Applies a block with these records, and expects it to be good.
pub fn advance(chain: &mut Chain, records: Vec<Bytes>) -> Accepted {
    let value = seal(next_block(chain, records), true);
    judge(chain, value, NOW_MS).expect("the block is good")
}
