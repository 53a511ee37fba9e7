//! A memory journal and ledgers on it.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use journal::{Entry, Journal, Options, Url};
use kit::client::Channel;
use kit::{Readiness, Service, Shutdown};
use ledger::Config;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{GetLedgerInfoRequest, GetLedgerInfoResponse};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use topics::{BLOCKCHAIN, TRANSACTIONS, specs};

use crate::world::World;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A journal that gets what a world has.
pub struct Log {
    journal: Journal,
    /// Blocks, and records by partition, that it has.
    there: Mutex<(usize, Vec<usize>)>,
}

pub struct Node {
    readiness: Readiness,
    shutdown: Shutdown,
    url: String,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Log {
    pub fn new() -> Log {
        let journal = Journal::open(&Url::parse("memory:").unwrap(), &Options::default()).unwrap();
        Log {
            journal,
            there: Mutex::default(),
        }
    }

    /// Appends what is new in the world: records first, as in life.
    pub fn publish(&self, world: &World) {
        for spec in specs(&world.chain.rules().genesis) {
            self.journal.create_topic(&spec).unwrap();
        }
        let mut there = self.there.lock().unwrap();
        there.1.resize(world.topic.len(), 0);
        for (partition, records) in world.topic.iter().enumerate() {
            let seen = there.1[partition];
            records
                .values()
                .skip(seen)
                .for_each(|record| self.append(TRANSACTIONS, partition as u32, record));
            there.1[partition] = records.len();
        }
        world.blocks[there.0..]
            .iter()
            .for_each(|record| self.append(BLOCKCHAIN, 0, record));
        there.0 = world.blocks.len();
    }

    fn append(&self, topic: &str, partition: u32, record: &journal::Record) {
        let entry = Entry {
            partition,
            value: record.value.clone(),
            ..Entry::default()
        };
        let appended = self.journal.append(topic, entry, PATIENCE).unwrap();
        assert_eq!(appended.offset, Some(record.offset));
    }
}

impl Node {
    pub async fn start(log: &Log, data: &Path, flags: &[&str]) -> Node {
        let data = data.to_str().unwrap();
        let fixed = ["blocklog-ledger", "--journal", "memory:", "--data", data];
        let config: Config = kit::config::parse(fixed.iter().chain(flags)).unwrap();
        let service = Service::for_test("ledger").await;
        let (readiness, shutdown, url) = (
            service.readiness.clone(),
            service.shutdown.clone(),
            service.grpc_url(),
        );
        let task = tokio::spawn(ledger::run(config, log.journal.clone(), service));
        Node {
            readiness,
            shutdown,
            url,
            task,
        }
    }

    pub fn client(&self) -> LedgerServiceClient<Channel> {
        LedgerServiceClient::new(kit::client::channel(&self.url).unwrap())
    }

    pub async fn ready(&self) {
        let ready = timeout(PATIENCE, self.readiness.ready()).await;
        ready.unwrap_or_else(|_| panic!("not ready: {:?}", self.readiness.reasons()));
    }

    pub async fn not_ready(&self, reason: &str) {
        let there = async {
            while !self
                .readiness
                .reasons()
                .iter()
                .any(|found| found.reason == reason)
            {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, there)
            .await
            .unwrap_or_else(|_| panic!("{:?}", self.readiness.reasons()));
    }

    /// Asks until the answer is as wanted.
    pub async fn until(
        &self,
        wanted: impl Fn(&GetLedgerInfoResponse) -> bool,
    ) -> GetLedgerInfoResponse {
        let mut client = self.client();
        let asking = async {
            loop {
                let info = client
                    .get_ledger_info(GetLedgerInfoRequest {})
                    .await
                    .unwrap()
                    .into_inner();
                if wanted(&info) {
                    return info;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, asking).await.expect("in time")
    }

    /// Waits for the end that comes by itself.
    pub async fn ended(self) -> anyhow::Result<()> {
        timeout(PATIENCE, self.task)
            .await
            .expect("in time")
            .expect("no panic")
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.trigger();
        self.ended().await
    }
}
