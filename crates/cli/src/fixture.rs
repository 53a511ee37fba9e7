//! A small chain for tests, block by block.

use std::collections::HashMap;

use bytes::Bytes;
use chain::leaf::Leaf;
use chain::testing::{self, Grower, NOW_MS, name};
use chain::{Genesis, Hash, Secret, Slot, Transaction, log};
use proto::ledger::v1::InclusionProof;

/// An open chain without allocations.
pub fn genesis() -> Genesis {
    Genesis {
        allocations: Vec::new(),
        admin: None,
        ..testing::genesis("fixture")
    }
}

/// A payment from a name to bob.
pub fn payment(from: &str, amount: u64, nonce: u64) -> Transaction {
    Transaction {
        memo: "a note".into(),
        ..testing::transfer(&name(from), &name("bob"), amount, nonce)
    }
}

/// The next block of partition 0: these records and two holes, mined by a key or by carol.
pub fn propose(grower: &Grower, records: Vec<Bytes>, miner: Option<&Secret>) -> Bytes {
    let slots = grower.slots(records).into_iter().chain([Slot::Hole(2)]);
    let account = miner.map_or(name("carol"), Secret::account);
    let template = grower.template(0, slots.collect(), account);
    testing::seal(&template, miner.unwrap_or(&grower.miner))
}

/// Mines that block, and applies it.
pub fn mine(grower: &mut Grower, records: Vec<Bytes>, miner: Option<&Secret>) -> Bytes {
    let value = propose(grower, records, miner);
    let judged = grower.judge(value.clone(), NOW_MS);
    judged.expect("it follows");
    value
}

/// The source of proofs.
pub struct Evidence<'a> {
    grown: &'a Grower,
    nodes: HashMap<(u32, u64), Hash>,
    /// All leaves of the log, in order.
    pub leaves: Vec<Vec<u8>>,
    /// The records in the blocks.
    carried: HashMap<Hash, Bytes>,
}

impl<'a> Evidence<'a> {
    /// From all blocks.
    pub fn new(grown: &'a Grower) -> Self {
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
            Some(Leaf::Record { record_hash, .. }) => {
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
