//! A memory journal, the miners on it, and a judge that reads it by the rules.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chain::Slot;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Account, Chain, Genesis, Transaction};
use journal::{Entry, Journal, Options, Url};
use kit::client::Channel;
use kit::{Readiness, Service, Shutdown};
use miner::Config;
use proto::miner::v1::miner_service_client::MinerServiceClient;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use topics::TRANSACTIONS;
use topics::bootstrap;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Network {
    pub genesis: Genesis,
    journal: Journal,
    nonce: AtomicU64,
}

pub struct Miner {
    pub readiness: Readiness,
    shutdown: Shutdown,
    url: String,
    task: JoinHandle<anyhow::Result<()>>,
}

/// What a chain says.
pub struct Judged {
    /// Partition, offset, verdict of each record, in the order of the chain.
    pub sealed: Vec<(u32, u64, &'static str)>,
    /// Partition and slice of each block.
    pub blocks: Vec<(u32, u64, u64)>,
    /// Rules that the other candidates broke.
    pub refused: Vec<&'static str>,
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
        Network::at("memory:")
    }

    /// A journal without topics on a real broker; `None` where there is none.
    pub fn on_kafka() -> Option<Network> {
        let servers = harness::kafka()?;
        let prefix = harness::unique("miner");
        Some(Network::at(&format!("kafka://{servers}/{prefix}")))
    }

    fn at(url: &str) -> Network {
        let url = Url::parse(url).expect("a journal");
        Network {
            genesis: Genesis {
                open: true,
                bits: 0x2000_ffff,
                partitions: 1,
                timestamp_ms: 1_700_000_000_000,
                ..Genesis::default()
            },
            journal: Journal::open(&url, &Options::default()).expect("opens"),
            nonce: AtomicU64::new(0),
        }
    }

    pub fn establish(&self) {
        bootstrap::establish(&self.journal, &self.genesis, &|_| {}).expect("a new chain");
    }

    pub async fn miner(&self, flags: &[&str]) -> Miner {
        let args = ["blocklog-miner", "--journal=memory:"].iter().chain(flags);
        let config: Config = kit::config::parse(args).expect("good flags");
        let service = Service::for_test("miner").await;
        let (shutdown, readiness) = (service.shutdown.clone(), service.readiness.clone());
        let url = service.grpc_url();
        let task = tokio::spawn(miner::run(config, self.journal.clone(), service));
        Miner {
            readiness,
            shutdown,
            url,
            task,
        }
    }

    /// Appends a transaction of 1 from `sender` to bob.
    pub fn send(&self, partition: u32, sender: &str) {
        let account = |name: &str| {
            let account: Account = name.parse().expect("a name");
            Bytes::copy_from_slice(account.as_bytes())
        };
        let transaction = Transaction {
            sender: account(sender),
            recipient: account("bob"),
            amount: 1,
            nonce: self.nonce.fetch_add(1, Ordering::Relaxed) + 1,
            ..Transaction::default()
        };
        self.put(partition, transaction.encode());
    }

    pub fn put(&self, partition: u32, value: Bytes) {
        let entry = Entry {
            partition,
            value,
            ..Entry::default()
        };
        self.journal
            .append(TRANSACTIONS, entry, PATIENCE)
            .expect("is taken");
    }

    /// Waits until that many records are sealed.
    pub async fn sealed(&self, count: usize) -> Judged {
        let reached = timeout(PATIENCE, async {
            loop {
                let judged = self.judge();
                if judged.sealed.len() >= count {
                    return judged;
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        reached
            .await
            .unwrap_or_else(|_| panic!("{} of {count} records sealed", self.judge().sealed.len()))
    }

    /// Reads the chain by the rules alone.
    pub fn judge(&self) -> Judged {
        let mut records = topics::records(&self.journal)
            .expect("is read")
            .map(|record| record.expect("is read"));
        let zero = records.next().expect("block 0");
        let (mut chain, _) = Chain::start(&zero.value, zero.append_ms).expect("block 0");
        let mut judged = Judged {
            sealed: vec![],
            blocks: vec![],
            refused: vec![],
        };
        for record in records {
            let accepted = chain.frame(record.value.clone()).and_then(|block| {
                let block = chain.admit(block, record.append_ms)?;
                let signatures = Signatures::Check {
                    seed: [9; 32],
                    known: &|_| false,
                };
                let block = block.check(chain.rules(), signatures, &Sequential)?;
                chain.apply(block, record.append_ms)
            });
            match accepted {
                Ok(accepted) => judged.take(&accepted),
                Err(rule) => judged.refused.push(rule.code()),
            }
        }
        judged
    }
}

impl Judged {
    fn take(&mut self, accepted: &chain::Accepted) {
        let header = accepted.block.header();
        let (partition, from, to) = (header.partition, header.from_offset, header.to_offset);
        self.blocks.push((partition, from, to));
        for (offset, slot) in accepted.block.slots() {
            if let Slot::Record((_, verdict)) = slot {
                self.sealed.push((partition, offset, verdict.code()));
            }
        }
    }
}

impl Miner {
    pub fn client(&self) -> MinerServiceClient<Channel> {
        MinerServiceClient::new(kit::client::channel(&self.url).expect("a URL"))
    }

    pub async fn ready(&self) {
        let ready = timeout(PATIENCE, self.readiness.ready()).await;
        ready.unwrap_or_else(|_| panic!("not ready: {:?}", self.readiness.reasons()));
    }

    /// Waits for its end.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.task.await.expect("no panic")
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.trigger();
        timeout(PATIENCE, self.ended()).await.expect("ends in time")
    }
}
