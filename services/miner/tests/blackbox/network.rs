//! A memory journal, the miners on it, and a judge that reads it by the rules.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chain::Genesis;
use chain::testing::{self, Grower, name};
use journal::{Journal, Options, Url};
use kit::testing::{PATIENCE, Running};
use tokio::time::{sleep, timeout};
use topics::TRANSACTIONS;
use topics::bootstrap;

pub struct Network {
    pub genesis: Genesis,
    journal: Journal,
    nonce: AtomicU64,
}

impl Network {
    /// An open chain with easy work.
    pub fn new(partitions: u32) -> Network {
        let mut network = Network::bare();
        network.genesis.partitions = partitions;
        network.establish();
        network
    }

    /// A journal without topics.
    pub fn bare() -> Network {
        Network::on(Journal::memory())
    }

    /// A journal without topics on a real broker; `None` where there is none.
    pub fn on_kafka() -> Option<Network> {
        let servers = harness::kafka()?;
        let prefix = harness::unique("miner");
        let url = Url::parse(&format!("kafka://{servers}/{prefix}")).expect("a journal");
        let journal = Journal::open(&url, &Options::default()).expect("opens");
        Some(Network::on(journal))
    }

    fn on(journal: Journal) -> Network {
        Network {
            genesis: Genesis {
                bits: 0x2000_ffff,
                partitions: 1,
                ..testing::genesis("network")
            },
            journal,
            nonce: AtomicU64::new(0),
        }
    }

    pub fn establish(&self) {
        bootstrap::establish(&self.journal, &self.genesis, &|_| {}).expect("a new chain");
    }

    pub async fn miner(&self, flags: &[&str]) -> Running {
        let flags = [&["--journal=memory:"], flags].concat();
        let run = |config, service| miner::run(config, self.journal.clone(), service);
        Running::start("miner", &flags, run).await
    }

    /// Appends a transaction of 1 from `sender` to bob.
    pub fn send(&self, partition: u32, sender: &str) {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed) + 1;
        let transaction = testing::transfer(&name(sender), &name("bob"), 1, nonce);
        self.put(partition, transaction.encode());
    }

    pub fn put(&self, partition: u32, value: Bytes) {
        self.journal.put(TRANSACTIONS, partition, value);
    }

    /// Waits until that many records are sealed.
    pub async fn sealed(&self, count: usize) -> Grower {
        let reached = timeout(PATIENCE, async {
            loop {
                let judged = self.judge();
                if judged.sealed().len() >= count {
                    return judged;
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        reached
            .await
            .unwrap_or_else(|_| panic!("{} of {count} records sealed", self.judge().sealed().len()))
    }

    /// Reads the chain by the rules alone.
    pub fn judge(&self) -> Grower {
        let records = topics::records(&self.journal).expect("is read");
        Grower::read(records.map(|record| {
            let record = record.expect("is read");
            (record.value, record.append_ms)
        }))
    }
}
