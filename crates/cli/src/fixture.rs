//! A small chain for tests, block by block.

use std::collections::HashMap;

use bytes::Bytes;
use chain::Slot;
use chain::leaf::Leaf;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Accepted, Account, Chain, Draft, Genesis, Hash, Secret, Transaction, log, record};
use proto::ledger::v1::InclusionProof;

/// The time of all events, in milliseconds.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// A chain with its history.
pub struct Grown {
    /// State after the last block.
    pub chain: Chain,
    /// Each block, block 0 first.
    pub accepted: Vec<Accepted>,
}

/// An open chain on which every second hash meets the target.
pub fn genesis() -> Genesis {
    Genesis {
        name: "fixture".into(),
        timestamp_ms: NOW_MS,
        open: true,
        bits: 0x207f_ffff,
        ..Genesis::default()
    }
}

/// A payment from a name to bob.
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
    /// A chain of block 0 only.
    pub fn new(genesis: &Genesis) -> Self {
        let (chain, zero) = Chain::start(&genesis.block_zero(), NOW_MS).expect("a valid genesis");
        Self {
            chain,
            accepted: vec![zero],
        }
    }

    /// The next block of partition 0: these records and two holes, mined by a key or by carol.
    pub fn propose(&self, records: Vec<Bytes>, miner: Option<&Secret>) -> Bytes {
        let records = record::check_all(records, self.chain.rules(), [3; 32], &Sequential);
        let slots = records.into_iter().map(Slot::Record);
        let carol: Account = "carol".parse().expect("a name");
        let draft = Draft {
            partition: 0,
            slots: slots.chain([Slot::Hole(2)]).collect(),
            miner: miner.map_or(carol, Secret::account),
            timestamp_ms: self.chain.tip().header.timestamp_ms + 1,
        };
        let template = self.chain.assemble(draft).expect("the miner may mine");
        let nonce = template.work().search(0, u64::MAX).expect("a nonce");
        template.finish(nonce, miner)
    }

    /// Mines that block, and applies it.
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

/// The source of proofs.
pub struct Evidence<'a> {
    grown: &'a Grown,
    nodes: HashMap<(u32, u64), Hash>,
    /// All leaves of the log, in order.
    pub leaves: Vec<Vec<u8>>,
    /// The records in the blocks.
    carried: HashMap<Hash, Bytes>,
}

impl<'a> Evidence<'a> {
    /// From all blocks.
    pub fn new(grown: &'a Grown) -> Self {
        let (mut nodes, mut leaves, mut carried) = (HashMap::new(), Vec::new(), HashMap::new());
        for block in &grown.accepted {
            let hashed = block
                .effects
                .leaves
                .iter()
                .zip(block.effects.leaf_data.iter());
            for (index, (hash, leaf)) in (block.effects.first_leaf..).zip(hashed) {
                nodes.insert((0, index), *hash);
                leaves.push(leaf.to_vec());
            }
            let inner = block.effects.nodes.iter();
            nodes.extend(inner.map(|node| ((node.level, node.index), node.hash)));
            for record in block.block.records() {
                carried.insert(Hash::of(record.bytes()), record.bytes().clone());
            }
        }
        Self {
            grown,
            nodes,
            leaves,
            carried,
        }
    }

    /// A node of the log.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }

    /// A proof of a leaf against the block of that height.
    pub fn inclusion(&self, index: u64, height: usize) -> InclusionProof {
        let header = self.grown.accepted[height].block.header();
        let path = log::inclusion_path(index, header.log_size, &|level, at| self.node(level, at));
        let leaf = &self.leaves[usize::try_from(index).expect("a small log")];
        InclusionProof {
            chain_id: self.grown.chain.rules().chain_id.to_string(),
            header: hex::encode(header.to_bytes()),
            leaf_index: Some(index),
            leaf: hex::encode(leaf),
            path: texts(path),
            record: hex::encode(self.behind(leaf)),
        }
    }

    /// The record of a leaf.
    fn behind(&self, leaf: &[u8]) -> Bytes {
        match Leaf::decode(leaf) {
            Ok(Leaf::Record { record_hash, .. }) => {
                // For a record that is too large the block carries the hash.
                let hash = Bytes::copy_from_slice(&record_hash.0);
                self.carried.get(&record_hash).cloned().unwrap_or(hash)
            }
            _ => Bytes::new(),
        }
    }
}

/// A path as in proofs.
pub fn texts(path: Option<Vec<Hash>>) -> Vec<String> {
    let path = path.expect("all nodes are there");
    path.iter().map(ToString::to_string).collect()
}
