//! Chains to measure with: block after block of transfers, all of one partition.

use anyhow::{Context, Result};
use bytes::Bytes;
use chain::genesis::{Allocation, Genesis};
use chain::record::Signatures;
use chain::{Chain, Draft, Hash, Secret, Slot, Transaction, record};
use ed25519_zebra::{Signature, VerificationKeyBytes};
use journal::{Entry, Journal, Options, Url};
use parallel::Rayon;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

use crate::appends::Counter;

/// Accounts that send.
const SENDERS: usize = 100;

/// A key, a signature and what it signs.
pub type Signed = (VerificationKeyBytes, Signature, Vec<u8>);

/// A chain, with all that went into it.
pub struct History {
    pub genesis: Genesis,
    pub chain: Chain,
    /// Values of the records on `blockchain`, from block 0 on.
    pub blocks: Vec<Bytes>,
    /// Values of the records on `transactions`.
    pub records: Vec<Bytes>,
    /// Of the records.
    pub signatures: Vec<Signed>,
    senders: Vec<Secret>,
}

impl History {
    /// Block 0, for keys with funds.
    pub fn new() -> Result<History> {
        let senders: Vec<_> = (0..SENDERS)
            .map(|i| Secret::from_seed([i as u8 + 1; 32]))
            .collect();
        let allocate = |sender: &Secret| Allocation {
            account: sender.account(),
            amount: 1 << 40,
        };
        let genesis = Genesis {
            name: "bench".into(),
            timestamp_ms: 1,
            open: true,
            partitions: 1,
            allocations: senders.iter().map(allocate).collect(),
            ..Genesis::default()
        };
        let zero = genesis.block_zero();
        let (chain, _) = Chain::start(&zero, 0)?;
        Ok(History {
            genesis,
            chain,
            blocks: vec![zero],
            records: Vec::new(),
            signatures: Vec::new(),
            senders,
        })
    }

    /// Adds blocks of so many transfers each.
    pub fn extend(&mut self, blocks: usize, records: usize) -> Result<()> {
        for _ in 0..blocks {
            let values = (0..records).map(|_| self.transfer());
            let values = values.collect::<Result<Vec<_>>>()?;
            self.seal(values)?;
        }
        Ok(())
    }

    fn transfer(&mut self) -> Result<Bytes> {
        let number = self.records.len();
        let from = &self.senders[number % SENDERS];
        let to = &self.senders[(number * 7 + 1) % SENDERS];
        let chain_id = self.chain.rules().chain_id;
        let transaction = Transaction {
            sender: Bytes::copy_from_slice(from.account().as_bytes()),
            recipient: Bytes::copy_from_slice(to.account().as_bytes()),
            amount: 1,
            nonce: number as u64 + 1,
            memo: "invoice 2026-11-22/0815".into(),
            ..Default::default()
        };
        let message = transaction.signed_bytes(&chain_id);
        let key = *from.account().key().context("a key")?;
        let signature = from.sign(&message).into();
        self.signatures.push((key.into(), signature, message));
        let value = transaction.sign(&chain_id, from).encode();
        self.records.push(value.clone());
        Ok(value)
    }

    fn seal(&mut self, values: Vec<Bytes>) -> Result<()> {
        let rules = self.chain.rules().clone();
        let records = record::check_all(values, &rules, rand::random(), &Rayon);
        let draft = Draft {
            partition: 0,
            slots: records.into_iter().map(Slot::Record).collect(),
            miner: "miner".parse()?,
            timestamp_ms: self.genesis.timestamp_ms,
        };
        let template = self.chain.assemble(draft)?;
        let nonce = template.work().search(0, u64::MAX).context("a nonce")?;
        let value = template.finish(nonce, None);
        let block = self.chain.frame(value.clone())?;
        let block = self.chain.admit(block, self.genesis.timestamp_ms)?;
        let block = block.check(&rules, Signatures::Assume, &Rayon)?;
        self.chain.apply(block, self.genesis.timestamp_ms)?;
        self.blocks.push(value);
        Ok(())
    }

    /// The id of a transaction.
    pub fn id(&self, number: usize) -> Result<Hash> {
        let transaction = Transaction::decode(&self.records[number])?;
        let id = transaction.id(&self.chain.rules().chain_id);
        id.context("a payment has an id")
    }

    /// Writes both topics of a new disk journal.
    pub fn write(&self, folder: &std::path::Path) -> Result<String> {
        let url = format!("disk:{}", folder.display());
        let journal = Journal::open(&Url::parse(&url)?, &Options::default())?;
        topics::bootstrap::establish(&journal, &self.genesis, &|_| {})?;
        append(&journal, TRANSACTIONS, &self.records)?;
        append(&journal, BLOCKCHAIN, &self.blocks[1..])?;
        Ok(url)
    }
}

fn append(journal: &Journal, topic: &str, values: &[Bytes]) -> Result<()> {
    let entry = |value: &Bytes| Entry {
        partition: BLOCKCHAIN_PARTITION,
        value: value.clone(),
        ..Entry::default()
    };
    Counter::new(journal, topic)?.in_flight(values.iter().map(entry))?;
    Ok(())
}
