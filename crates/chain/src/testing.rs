//! Chains for tests, grown block by block. The bytes go to whatever journal a test has.

use std::sync::Arc;

use bytes::Bytes;

use crate::block::Rule;
use crate::genesis::Allocation;
use crate::parallel::Sequential;
use crate::record::{self, Record, Signatures};
use crate::{
    Accepted, Account, Chain, Draft, Genesis, Hash, Header, Secret, Slot, Template, Transaction,
};

/// Milliseconds at which [`genesis`] begins and a [`Grower`] appends.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// Every signature is checked.
pub const CHECK: Signatures<'static> = Signatures::Check {
    seed: [9; 32],
    known: &|_| false,
};

/// A chain and how it came about.
#[derive(Clone)]
pub struct Grower {
    /// As it is after the last block.
    pub chain: Chain,
    /// Each block, block 0 first.
    pub accepted: Vec<Arc<Accepted>>,
    /// Code of the rule that each other candidate broke.
    pub refused: Vec<&'static str>,
    /// Signs [`Grower::payment`]. The admin of [`genesis`].
    pub alice: Secret,
    /// Signs blocks.
    pub miner: Secret,
    nonce: u64,
}

/// The key of a seed. Seed 1 is the miner's, seed 2 alice's.
pub fn secret(seed: u8) -> Secret {
    Secret::from_seed([seed; 32])
}

/// An open chain with easy work: every second hash meets the target. Alice has a million.
pub fn genesis(name: &str) -> Genesis {
    Genesis {
        name: name.to_owned(),
        timestamp_ms: NOW_MS,
        open: true,
        bits: 0x207f_ffff,
        allocations: vec![Allocation {
            account: secret(2).account(),
            amount: 1_000_000,
        }],
        admin: Some(secret(2).account()),
        ..Genesis::default()
    }
}

/// The account of a name.
pub fn name(text: &str) -> Account {
    text.parse().expect("a name")
}

/// An unsigned transfer, as names send it.
pub fn transfer(from: &Account, to: &Account, amount: u64, nonce: u64) -> Transaction {
    Transaction {
        sender: Bytes::copy_from_slice(from.as_bytes()),
        recipient: Bytes::copy_from_slice(to.as_bytes()),
        amount,
        nonce,
        ..Transaction::default()
    }
}

/// The next block of a partition, a millisecond after its parent.
pub fn template(
    chain: &Chain,
    partition: u32,
    slots: Vec<Slot<Record>>,
    miner: Account,
) -> Template {
    let draft = Draft {
        partition,
        slots,
        miner,
        timestamp_ms: chain.tip().header.timestamp_ms + 1,
    };
    chain.assemble(draft).expect("the miner may seal it")
}

/// The value of the block: with work, and signed if the template's miner is a key.
pub fn seal(template: &Template, miner: &Secret) -> Bytes {
    let nonce = template.work().search(0, u64::MAX).expect("easy work");
    template.finish(nonce, Some(miner))
}

/// Takes a candidate through all stages.
pub fn judge(
    chain: &mut Chain,
    value: Bytes,
    append_ms: u64,
    signatures: Signatures<'_>,
) -> Result<Accepted, Rule> {
    let block = chain.frame(value)?;
    let block = chain.admit(block, append_ms)?;
    let block = block.check(chain.rules(), signatures, &Sequential)?;
    chain.apply(block, append_ms)
}

impl Grower {
    /// Block 0.
    pub fn new(genesis: &Genesis) -> Self {
        Self::read([(genesis.block_zero(), genesis.timestamp_ms)])
    }

    /// A chain of that many blocks after block 0, each of that many payments of alice; and the values of all.
    pub fn grown(name: &str, blocks: usize, payments: usize) -> (Self, Vec<Bytes>) {
        let genesis = genesis(name);
        let mut grower = Self::new(&genesis);
        let mut values = vec![genesis.block_zero()];
        values.extend((0..blocks).map(|_| grower.mine(payments)));
        (grower, values)
    }

    /// The chain of a log: values with their append times, block 0 first.
    pub fn read(log: impl IntoIterator<Item = (Bytes, u64)>) -> Self {
        let mut log = log.into_iter();
        let (zero, append_ms) = log.next().expect("block 0");
        let (chain, zero) = Chain::start(&zero, append_ms).expect("a valid genesis");
        let mut grower = Self {
            chain,
            accepted: vec![Arc::new(zero)],
            refused: Vec::new(),
            alice: secret(2),
            miner: secret(1),
            nonce: 0,
        };
        for (value, append_ms) in log {
            // A refusal is on the list.
            let _ = grower.judge(value, append_ms);
        }
        grower
    }

    /// Hash of block 0.
    pub fn chain_id(&self) -> Hash {
        self.chain.rules().chain_id
    }

    /// Hash of the last block.
    pub fn tip(&self) -> Hash {
        self.chain.tip().hash
    }

    /// The next transaction of a name, which needs no signature and no funds.
    pub fn note(&mut self, from: &str, to: &str, amount: u64) -> Transaction {
        self.nonce += 1;
        transfer(&name(from), &name(to), amount, self.nonce)
    }

    /// The next transaction of alice.
    pub fn payment(&mut self, to: &str, amount: u64) -> Transaction {
        self.nonce += 1;
        let transfer = transfer(&self.alice.account(), &name(to), amount, self.nonce);
        transfer.sign(&self.chain_id(), &self.alice)
    }

    /// The next order of alice, who is the admin.
    pub fn order(&mut self, memo: &str) -> Transaction {
        self.nonce += 1;
        Transaction {
            sender: Bytes::copy_from_slice(self.alice.account().as_bytes()),
            nonce: self.nonce,
            memo: memo.to_owned(),
            ..Transaction::default()
        }
        .sign(&self.chain_id(), &self.alice)
    }

    /// Records without holes between them, as the rules see them.
    pub fn slots(&self, values: impl IntoIterator<Item = Bytes>) -> Vec<Slot<Record>> {
        let values = values.into_iter();
        let slot = |value| Slot::Record(record::check(value, self.chain.rules()));
        values.map(slot).collect()
    }

    /// The next block of a partition, of what it holds or of something else.
    pub fn template(&self, partition: u32, slots: Vec<Slot<Record>>, miner: Account) -> Template {
        template(&self.chain, partition, slots, miner)
    }

    /// A valid child of the tip. The chain stays as it is.
    pub fn propose(&self, partition: u32, slots: Vec<Slot<Record>>, miner: Account) -> Bytes {
        seal(&self.template(partition, slots, miner), &self.miner)
    }

    /// Adds a block of payments of alice.
    pub fn mine(&mut self, payments: usize) -> Bytes {
        let payments = (0..payments).map(|_| self.payment("shop", 1).encode());
        let payments: Vec<_> = payments.collect();
        self.mine_slots(self.slots(payments))
    }

    /// Adds a block of partition 0.
    pub fn mine_slots(&mut self, slots: Vec<Slot<Record>>) -> Bytes {
        let value = self.propose(0, slots, self.miner.account());
        let judged = self.judge(value.clone(), NOW_MS);
        judged.expect("what was proposed is valid");
        value
    }

    /// Applies a candidate if the rules allow it, and keeps what became of it.
    pub fn judge(&mut self, value: Bytes, append_ms: u64) -> Result<Arc<Accepted>, Rule> {
        let judged = judge(&mut self.chain, value, append_ms, CHECK).map(Arc::new);
        match &judged {
            Ok(accepted) => self.accepted.push(Arc::clone(accepted)),
            Err(rule) => self.refused.push(rule.code()),
        }
        judged
    }

    /// Partition and slice of each block after block 0.
    pub fn blocks(&self) -> Vec<(u32, u64, u64)> {
        let headers = self.accepted[1..].iter().map(|it| it.block.header());
        let slice = |it: &Header| (it.partition, it.from_offset, it.to_offset);
        headers.map(slice).collect()
    }

    /// Partition, offset and verdict of each record in a block, in the order of the chain.
    pub fn sealed(&self) -> Vec<(u32, u64, &'static str)> {
        let slots = self.accepted[1..].iter().flat_map(|accepted| {
            let partition = accepted.block.header().partition;
            let slots = accepted.block.slots();
            slots.map(move |(offset, slot)| (partition, offset, slot))
        });
        slots
            .filter_map(|(partition, offset, slot)| match slot {
                Slot::Record((_, verdict)) => Some((partition, offset, verdict.code())),
                Slot::Hole(_) => None,
            })
            .collect()
    }
}
