//! A running ingest, its journal and a client.

use std::time::Duration;

use bytes::Bytes;
use chain::genesis::{Allocation, Rules, to_json};
use chain::{Account, Genesis, Secret, Transaction};
use ingest::config::Config;
use journal::{Journal, Options, Url};
use kit::{Readiness, Service, Shutdown};
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};
use proto::types::v1 as types;
use tonic::Status;

pub type Client = IngestServiceClient<kit::client::Channel>;

/// The service and what surrounds it. Ends with [`Stage::stop`].
pub struct Stage {
    pub client: Client,
    url: String,
    pub journal: Journal,
    pub rules: Rules,
    pub readiness: Readiness,
    pub shutdown: Shutdown,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    _files: tempfile::TempDir,
}

pub fn secret(seed: u8) -> Secret {
    Secret::from_seed([seed; 32])
}

/// A chain with names and keys.
pub fn open_genesis() -> Genesis {
    let funded = |account| Allocation {
        account,
        amount: 1000,
    };
    Genesis {
        name: "stage".into(),
        timestamp_ms: 1,
        open: true,
        allocations: vec![funded(secret(1).account())],
        ..Genesis::default()
    }
}

pub fn memory() -> Journal {
    let url: Url = "memory:".parse().unwrap();
    Journal::open(&url, &Options::default()).unwrap()
}

impl Stage {
    pub async fn open(flags: &[&str]) -> Stage {
        Self::with(memory(), open_genesis(), flags).await
    }

    /// Over a journal, on the chain that `genesis` makes; ready when it returns.
    pub async fn with(journal: Journal, genesis: Genesis, flags: &[&str]) -> Stage {
        let stage = Self::start(journal, genesis, true, flags).await;
        let ready = stage.readiness.ready();
        tokio::time::timeout(Duration::from_secs(10), ready)
            .await
            .expect("it becomes ready");
        stage
    }

    pub async fn start(journal: Journal, genesis: Genesis, give: bool, flags: &[&str]) -> Stage {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("genesis.json");
        std::fs::write(&path, to_json(&genesis)).unwrap();
        let mut args = vec!["ingest", "--journal", "memory:"];
        if give {
            args.extend(["--genesis", path.to_str().unwrap()]);
        }
        let config: Config = kit::config::parse([&args[..], flags].concat()).unwrap();
        let service = Service::for_test("ingest").await;
        let url = service.grpc_url();
        let client = Client::new(kit::client::channel(&url).unwrap());
        Stage {
            client,
            url,
            journal: journal.clone(),
            rules: Rules {
                chain_id: genesis.chain_id(),
                genesis,
            },
            readiness: service.readiness.clone(),
            shutdown: service.shutdown.clone(),
            running: tokio::spawn(ingest::run(config, journal, service)),
            _files: files,
        }
    }

    /// Ends the service, and says how it ended.
    pub async fn stop(self) {
        self.shutdown.trigger();
        let ended = tokio::time::timeout(Duration::from_secs(25), self.running);
        ended.await.expect("within the grace").unwrap().unwrap();
    }

    /// How it ended by itself.
    pub async fn ended(self) -> anyhow::Result<()> {
        let ended = tokio::time::timeout(Duration::from_secs(10), self.running);
        ended.await.expect("it ends").unwrap()
    }

    pub async fn submit(&self, content: Content) -> Result<SubmitTransactionResponse, Status> {
        self.call(SubmitTransactionRequest {
            content: Some(content),
            ..Default::default()
        })
        .await
    }

    pub async fn call(
        &self,
        request: SubmitTransactionRequest,
    ) -> Result<SubmitTransactionResponse, Status> {
        let reply = self.client.clone().submit_transaction(request).await;
        reply.map(tonic::Response::into_inner)
    }

    /// On a connection of its own.
    pub async fn submit_elsewhere(
        &self,
        content: Content,
    ) -> Result<SubmitTransactionResponse, Status> {
        let mut client = Client::new(kit::client::channel(&self.url).unwrap());
        let content = Some(content);
        let request = SubmitTransactionRequest {
            content,
            ..Default::default()
        };
        let reply = client.submit_transaction(request).await;
        reply.map(tonic::Response::into_inner)
    }

    /// A signed transaction of a key.
    pub fn signed(&self, seed: u8, nonce: u64) -> Transaction {
        let sender = secret(seed);
        let transaction = Transaction {
            sender: Bytes::copy_from_slice(sender.account().as_bytes()),
            recipient: Bytes::copy_from_slice(name("bob").as_bytes()),
            amount: 1,
            nonce,
            ..Transaction::default()
        };
        transaction.sign(&self.rules.chain_id, &sender)
    }

    /// All records of a partition of `transactions`.
    pub fn log(&self, partition: u32) -> Vec<journal::Record> {
        let topic = topics::TRANSACTIONS;
        let end = self.journal.offsets(topic, partition).unwrap().end;
        let reader = self.journal.reader(topic, partition, 0).unwrap();
        let mut reader = reader.keep(journal::Headers::All);
        let mut records = Vec::new();
        let mut next = 0;
        while next < end {
            let batch = reader.next(1 << 20, Duration::from_secs(5)).unwrap();
            next = batch.next;
            records.extend(batch.records);
        }
        records
    }
}

pub fn name(text: &str) -> Account {
    text.parse().unwrap()
}

/// A note of a named sender, numbered by ingest.
pub fn note(sender: &str, memo: &str) -> types::Transaction {
    types::Transaction {
        sender: sender.into(),
        memo: memo.into(),
        ..Default::default()
    }
}

pub fn record(transaction: &Transaction) -> Content {
    Content::Record(transaction.encode())
}

/// Code and reason of an error that must have both.
pub fn reason(status: &Status) -> String {
    kit::status::reason(status).unwrap_or_else(|| panic!("{status:?} has no reason"))
}

/// One fact of an error.
pub fn fact(status: &Status, key: &str) -> Option<String> {
    let info = kit::status::info(status)?;
    let found = info.metadata.into_iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value)
}
