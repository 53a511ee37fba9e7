//! A log in memory, a miner on it, and what the rules say about it: what the index is held against.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chain::genesis::Allocation;
use chain::parallel::Sequential;
use chain::{
    Accepted, Account, Chain, Draft, Genesis, Hash, Secret, Slot, Template, Transaction, record,
};

/// Append time of the first record; each later one is ten milliseconds later.
pub const START_MS: u64 = 1_700_000_000_000;

pub struct World {
    /// The `transactions` topic: by partition and offset.
    pub topic: Vec<BTreeMap<u64, journal::Record>>,
    /// Ends of its partitions.
    pub ends: Vec<u64>,
    /// First offsets of its partitions.
    pub starts: Vec<u64>,
    /// The `blockchain` topic; offsets have no holes.
    pub blocks: Vec<journal::Record>,
    /// The chain, by the rules.
    pub chain: Chain,
    /// What each block did.
    pub accepted: Vec<Arc<Accepted>>,
    /// Offset on `blockchain` of each block.
    pub offsets: Vec<u64>,
    pub miner: Secret,
    pub alice: Secret,
    clock_ms: u64,
    nonce: u64,
}

pub fn name(text: &str) -> Account {
    text.parse().expect("a name")
}

impl World {
    pub fn new() -> World {
        World::named("blocklog")
    }

    /// The world of a chain of another name.
    pub fn named(name_of_chain: &str) -> World {
        let (miner, alice) = (Secret::from_seed([1; 32]), Secret::from_seed([2; 32]));
        let genesis = Genesis {
            name: name_of_chain.to_owned(),
            open: true,
            bits: 0x207f_ffff,
            partitions: 2,
            reward: 5,
            timestamp_ms: START_MS,
            max_block_records: 10_000,
            allocations: vec![
                Allocation {
                    account: alice.account(),
                    amount: 1_000,
                },
                Allocation {
                    account: name("bank"),
                    amount: 77,
                },
            ],
            ..Genesis::default()
        };
        let value = genesis.block_zero();
        let (chain, first) = Chain::start(&value, START_MS).expect("a genesis");
        let mut world = World {
            topic: vec![BTreeMap::new(); 2],
            ends: vec![0; 2],
            starts: vec![0; 2],
            blocks: Vec::new(),
            chain,
            accepted: vec![Arc::new(first)],
            offsets: vec![0],
            miner,
            alice,
            clock_ms: START_MS,
            nonce: 0,
        };
        world.blocks.push(journal_record(0, START_MS, value));
        world
    }

    pub fn now(&mut self) -> u64 {
        self.clock_ms += 10;
        self.clock_ms
    }

    /// Puts a value on the topic; says where.
    pub fn put(&mut self, partition: usize, value: Bytes) -> u64 {
        let (offset, now) = (self.ends[partition], self.now());
        self.ends[partition] += 1;
        self.topic[partition].insert(offset, journal_record(offset, now, value));
        offset
    }

    /// A partition loses everything from an offset on.
    pub fn cut(&mut self, partition: usize, end: u64) {
        self.ends[partition] = end;
        self.topic[partition].retain(|offset, _| *offset < end);
    }

    /// Leaves offsets without records.
    pub fn skip(&mut self, partition: usize, offsets: u64) {
        self.ends[partition] += offsets;
    }

    /// Sends from a name, which needs no signature and no funds.
    pub fn send(&mut self, partition: usize, from: &str, to: &str, amount: u64) -> Hash {
        self.nonce += 1;
        let transaction = Transaction {
            sender: Bytes::copy_from_slice(from.as_bytes()),
            recipient: Bytes::copy_from_slice(to.as_bytes()),
            amount,
            nonce: self.nonce,
            ..Transaction::default()
        };
        self.put(partition, transaction.encode());
        transaction.id(&self.chain_id())
    }

    /// Sends from the key that has 1000.
    pub fn pay(&mut self, partition: usize, to: &str, amount: u64) -> (Hash, Bytes) {
        self.nonce += 1;
        let transaction = Transaction {
            sender: Bytes::copy_from_slice(self.alice.account().as_bytes()),
            recipient: Bytes::copy_from_slice(to.as_bytes()),
            amount,
            nonce: self.nonce,
            ..Transaction::default()
        };
        let transaction = transaction.sign(&self.chain_id(), &self.alice);
        let value = transaction.encode();
        self.put(partition, value.clone());
        (transaction.id(&self.chain_id()), value)
    }

    pub fn chain_id(&self) -> Hash {
        self.chain.rules().chain_id
    }

    /// Seals everything that a partition has (up to the limit), as an honest miner would.
    pub fn seal(&mut self, partition: usize) {
        let slots = self.slots(partition);
        let template = self.template(partition, slots);
        self.append(template);
    }

    /// What an honest miner finds from the cursor on.
    pub fn slots(&self, partition: usize) -> Vec<Slot<record::Record>> {
        let mut at = self.chain.cursor(partition as u32);
        let mut slots = Vec::new();
        for (offset, record) in self.topic[partition].range(at..) {
            if *offset > at {
                slots.push(Slot::Hole(offset - at));
            }
            slots.push(Slot::Record(record::check(
                record.value.clone(),
                self.chain.rules(),
            )));
            at = offset + 1;
        }
        slots
    }

    pub fn template(&self, partition: usize, slots: Vec<Slot<record::Record>>) -> Template {
        let timestamp_ms = self.chain.tip().header.timestamp_ms + 1;
        let miner = self.miner.account();
        self.chain
            .assemble(Draft {
                partition: partition as u32,
                slots,
                miner,
                timestamp_ms,
            })
            .expect("something to seal")
    }

    /// Does the work and appends: the next block if the rules say so, else a refused candidate.
    pub fn append(&mut self, template: Template) -> u64 {
        let nonce = template.work().search(0, u64::MAX).expect("easy work");
        let value = template.finish(nonce, Some(&self.miner));
        self.append_raw(value)
    }

    /// Appends a candidate.
    pub fn append_raw(&mut self, value: Bytes) -> u64 {
        let (offset, now) = (self.blocks.len() as u64, self.now());
        self.blocks.push(journal_record(offset, now, value.clone()));
        let signatures = chain::record::Signatures::Assume;
        let block = self.chain.frame(value).and_then(|block| {
            let block = self.chain.admit(block, now)?;
            block.check(self.chain.rules(), signatures, &Sequential)
        });
        if let Ok(accepted) = block.and_then(|block| self.chain.apply(block, now)) {
            self.accepted.push(Arc::new(accepted));
            self.offsets.push(offset);
        }
        offset
    }
}

pub fn journal_record(offset: u64, append_ms: u64, value: Bytes) -> journal::Record {
    journal::Record {
        offset,
        append_ms,
        key: None,
        value,
        headers: Vec::new(),
    }
}
