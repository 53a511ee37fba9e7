//! Makes blocks, valid and not.

use bytes::Bytes;
use chain::Slot;
use chain::genesis::Allocation;
use chain::log::Frontier;
use chain::{Account, Chain, Draft, Genesis, Hash, Secret, Template, Transaction, record};

/// The easiest work that a genesis may ask for: almost every try succeeds.
pub const EASY_BITS: u32 = 0x2100_ffff;
/// Append time of everything here: later than all timestamps.
pub const APPEND_MS: u64 = 1_000_000;

/// A chain that only its maker has seen, and what it takes to extend it.
#[derive(Clone)]
pub struct Forge {
    pub chain: Chain,
    nonce: u64,
}

pub fn payer() -> Secret {
    Secret::from_seed([7; 32])
}

pub fn genesis(name: &str) -> Genesis {
    Genesis {
        name: name.into(),
        timestamp_ms: 1_000,
        open: true,
        bits: EASY_BITS,
        allocations: vec![Allocation {
            account: payer().account(),
            amount: 1_000_000,
        }],
        admin: Some(payer().account()),
        ..Genesis::default()
    }
}

pub fn miner(name: &str) -> Account {
    name.parse().unwrap()
}

impl Forge {
    /// A new chain, and the value of its block 0.
    pub fn new(name: &str) -> (Forge, Bytes) {
        let value = genesis(name).block_zero();
        let (chain, _) = Chain::start(&value, APPEND_MS).unwrap();
        (Forge { chain, nonce: 0 }, value)
    }

    /// Block 0 and that many blocks after it, of `records` payments each.
    pub fn grown(name: &str, blocks: usize, records: usize) -> (Forge, Vec<Bytes>) {
        let (mut forge, zero) = Forge::new(name);
        let mut values = vec![zero];
        values.extend((0..blocks).map(|_| forge.mine(records)));
        (forge, values)
    }

    pub fn id(&self) -> Hash {
        self.chain.rules().chain_id
    }

    pub fn tip(&self) -> Hash {
        self.chain.tip().hash
    }

    /// A signed transaction that will be included.
    pub fn payment(&mut self) -> Bytes {
        self.order("")
    }

    /// A payment with a memo; without one it has a recipient.
    pub fn order(&mut self, memo: &str) -> Bytes {
        self.nonce += 1;
        let recipient = if memo.is_empty() { "shop" } else { "" };
        Transaction {
            sender: Bytes::copy_from_slice(payer().account().as_bytes()),
            recipient: Bytes::from_static(recipient.as_bytes()),
            amount: u64::from(memo.is_empty()),
            nonce: self.nonce,
            memo: memo.into(),
            valid_until: 0,
            signature: Bytes::new(),
        }
        .sign(&self.id(), &payer())
        .encode()
    }

    pub fn template(&self, who: &str, records: &[Bytes]) -> Template {
        let rules = self.chain.rules();
        let slot = |value: &Bytes| Slot::Record(record::check(value.clone(), rules));
        self.chain
            .assemble(Draft {
                partition: 0,
                slots: records.iter().map(slot).collect(),
                miner: miner(who),
                timestamp_ms: self.chain.tip().header.timestamp_ms,
            })
            .unwrap()
    }

    /// A valid child of the tip; the forge stays where it is.
    pub fn seal(&self, who: &str, records: &[Bytes]) -> Bytes {
        let template = self.template(who, records);
        template.finish(nonce(&template), None)
    }

    /// Goes on from a block.
    pub fn apply(&mut self, value: &Bytes) {
        let block = self.chain.frame(value.clone()).unwrap();
        let checked = block
            .check(
                self.chain.rules(),
                chain::record::Signatures::Assume,
                &chain::parallel::Sequential,
            )
            .unwrap();
        self.chain.apply(checked, APPEND_MS).unwrap();
    }

    /// Seals payments, and goes on from there.
    pub fn mine(&mut self, payments: usize) -> Bytes {
        let records: Vec<Bytes> = (0..payments).map(|_| self.payment()).collect();
        self.mine_records(&records)
    }

    pub fn mine_records(&mut self, records: &[Bytes]) -> Bytes {
        let value = self.seal("anna", records);
        self.apply(&value);
        value
    }

    /// A child of the tip with everything right but the signature of its one record, which it claims to be INCLUDED.
    pub fn forged(&mut self) -> Bytes {
        let good = self.payment();
        let mut bad = good.to_vec();
        *bad.last_mut().unwrap() ^= 1;
        let template = self.template("mallory", std::slice::from_ref(&good));
        let old_nonce = nonce(&template);
        let value = template.finish(old_nonce, None);

        // The leaves that such a block would have.
        let mut honest = self.clone();
        let block = honest.chain.frame(value.clone()).unwrap();
        let checked = block
            .check(
                honest.chain.rules(),
                chain::record::Signatures::Assume,
                &chain::parallel::Sequential,
            )
            .unwrap();
        let accepted = honest.chain.apply(checked, APPEND_MS).unwrap();
        let mut log: Frontier = self.chain.frontier().clone();
        for leaf in accepted.effects.leaf_data.iter() {
            let leaf = splice(leaf, Hash::of(&good).as_bytes(), Hash::of(&bad).as_bytes());
            log.append(chain::log::leaf_hash(&leaf));
        }
        let mut header = template.header;
        header.log_root = log.root();
        let new_nonce = chain::work::Work::new(&header).search(1, 1 << 20).unwrap();

        let value = splice(&value, &good, &bad);
        let value = splice(
            &value,
            template.header.log_root.as_bytes(),
            log.root().as_bytes(),
        );
        let field = |nonce: u64| [&[0x61][..], &nonce.to_le_bytes()].concat();
        splice(&value, &field(old_nonce), &field(new_nonce)).into()
    }
}

/// A nonce above 0, so that the field is there.
fn nonce(template: &Template) -> u64 {
    template.work().search(1, 1 << 20).unwrap()
}

/// Replaces what is there at most once by something as long.
pub fn splice(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    if let Some(at) = bytes.windows(old.len()).position(|window| window == old) {
        bytes[at..at + old.len()].copy_from_slice(new);
    }
    bytes
}
