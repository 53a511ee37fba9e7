//! A log in memory, a miner on it, and what the rules say about it: what the index is held against.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use chain::genesis::Allocation;
use chain::testing::{self, Grower, NOW_MS, name, secret};
use chain::{Genesis, Hash, Slot, Template, Transaction, record};
use journal::testing::Partition;

pub struct World {
    grower: Grower,
    /// The partitions of `transactions`.
    pub topic: Vec<Partition>,
    /// The `blockchain` topic, without holes.
    pub blocks: Partition,
    /// Offset on `blockchain` of each block.
    pub offsets: Vec<u64>,
    /// Each record comes ten milliseconds after the one before.
    clock_ms: u64,
}

impl Deref for World {
    type Target = Grower;

    fn deref(&self) -> &Grower {
        &self.grower
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Grower {
        &mut self.grower
    }
}

impl World {
    pub fn new() -> World {
        let allocation = |account, amount| Allocation { account, amount };
        let genesis = Genesis {
            reward: 5,
            allocations: vec![
                allocation(secret(2).account(), 1_000),
                allocation(name("bank"), 77),
            ],
            ..testing::genesis("blocklog")
        };
        let mut blocks = Partition::default();
        blocks.append(NOW_MS, genesis.block_zero(), vec![]);
        World {
            grower: Grower::new(&genesis),
            topic: vec![Partition::default(); 2],
            blocks,
            offsets: vec![0],
            clock_ms: NOW_MS,
        }
    }

    fn now(&mut self) -> u64 {
        self.clock_ms += 10;
        self.clock_ms
    }

    /// Puts a value on the topic; says where.
    pub fn put(&mut self, partition: usize, value: Bytes) -> u64 {
        let now = self.now();
        self.topic[partition].append(now, value, vec![])
    }

    /// Sends from a name.
    pub fn send(&mut self, partition: usize, from: &str, to: &str, amount: u64) -> Hash {
        let note = self.note(from, to, amount);
        self.publish(partition, &note)
    }

    pub fn publish(&mut self, partition: usize, transaction: &Transaction) -> Hash {
        self.put(partition, transaction.encode());
        transaction.id(&self.chain_id()).unwrap()
    }

    /// Seals everything that a partition has (up to the limit), as an honest miner would.
    pub fn seal(&mut self, partition: usize) {
        let template = self.template(partition, self.slots(partition));
        self.append(template);
    }

    /// What an honest miner finds from the cursor on.
    pub fn slots(&self, partition: usize) -> Vec<Slot<record::Record>> {
        let mut at = self.chain.cursor(partition as u32);
        let mut slots = Vec::new();
        for (offset, record) in self.topic[partition].records.range(at..) {
            if *offset > at {
                slots.push(Slot::Hole(offset - at));
            }
            slots.extend(self.grower.slots([record.value.clone()]));
            at = offset + 1;
        }
        slots
    }

    pub fn template(&self, partition: usize, slots: Vec<Slot<record::Record>>) -> Template {
        let miner = self.miner.account();
        self.grower.template(partition as u32, slots, miner)
    }

    /// Does the work and appends: the next block if the rules say so, else a refused candidate.
    pub fn append(&mut self, template: Template) -> u64 {
        self.append_raw(testing::seal(&template, &self.miner))
    }

    /// Appends a candidate.
    pub fn append_raw(&mut self, value: Bytes) -> u64 {
        let now = self.now();
        let offset = self.blocks.append(now, value.clone(), vec![]);
        if self.judge(value, now).is_ok() {
            self.offsets.push(offset);
        }
        offset
    }
}
