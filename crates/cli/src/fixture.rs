//! A small chain for tests, block by block.

use bytes::Bytes;
use chain::assemble::Slot;
use chain::block::Signatures;
use chain::parallel::Sequential;
use chain::{Accepted, Account, Chain, Draft, Genesis, Secret, Transaction, record};

/// When everything happens, in milliseconds.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// The chain, and how it came about.
pub struct Grown {
    pub chain: Chain,
    /// Each block, block 0 first.
    pub accepted: Vec<Accepted>,
}

/// An open chain on which every other hash is work enough.
pub fn genesis() -> Genesis {
    Genesis {
        name: "fixture".into(),
        timestamp_ms: NOW_MS,
        open: true,
        bits: 0x207f_ffff,
        ..Genesis::default()
    }
}

/// From a name to bob.
pub fn payment(from: &str, amount: u64, nonce: u64) -> Transaction {
    Transaction {
        sender: Bytes::copy_from_slice(from.as_bytes()),
        recipient: "bob".into(),
        amount,
        nonce,
        memo: "a note".into(),
        ..Transaction::default()
    }
}

impl Grown {
    /// Block 0.
    pub fn new(genesis: &Genesis) -> Self {
        let (chain, zero) = Chain::start(&genesis.block_zero(), NOW_MS).expect("a valid genesis");
        Self {
            chain,
            accepted: vec![zero],
        }
    }

    /// The next block of partition 0: these records and two offsets without any, made by a key or by carol.
    pub fn propose(&self, records: Vec<Bytes>, miner: Option<&Secret>) -> Bytes {
        let records = record::check_all(records, self.chain.rules(), [3; 32], &Sequential);
        let slots = records.into_iter().map(Slot::Record);
        let carol: Account = "carol".parse().expect("a name");
        let draft = Draft {
            partition: 0,
            slots: slots.chain([Slot::Hole(2)]).collect(),
            miner: miner.map_or(carol, Secret::account),
            timestamp_ms: self.chain.tip().timestamp_ms + 1,
        };
        let template = self.chain.assemble(draft).expect("the miner may mine");
        let nonce = template.work().search(0, u64::MAX).expect("a nonce");
        template.finish(nonce, miner)
    }

    /// Makes that block, and applies it.
    pub fn mine(&mut self, records: Vec<Bytes>, miner: Option<&Secret>) -> Bytes {
        let value = self.propose(records, miner);
        let rules = self.chain.rules().clone();
        let signatures = Signatures::Check {
            seed: [9; 32],
            known: &|_| false,
        };
        let block = self.chain.frame(value.clone()).expect("a block");
        let block = block
            .check(&rules, signatures, &Sequential)
            .expect("its body is good");
        self.accepted
            .push(self.chain.apply(block, NOW_MS).expect("it follows"));
        value
    }
}
