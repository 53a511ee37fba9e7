//! A running ingest, its journal and a client.

use std::ops::Deref;

use chain::genesis::{Rules, to_json};
use chain::testing::{self, name, secret};
use chain::{Genesis, Transaction};
use journal::Journal;
use kit::testing::Running;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ingest::v1::{SubmitTransactionRequest, SubmitTransactionResponse};
use proto::types::v1 as types;
use tonic::Status;

pub use kit::testing::{fact, reason};

pub type Client = IngestServiceClient<kit::client::Channel>;

/// The service and what surrounds it. Ends with [`Stage::stop`].
pub struct Stage {
    pub client: Client,
    pub journal: Journal,
    pub rules: Rules,
    running: Running,
    _files: tempfile::TempDir,
}

impl Deref for Stage {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// A chain with names and keys.
pub fn open_genesis() -> Genesis {
    testing::genesis("stage")
}

impl Stage {
    pub async fn open(flags: &[&str]) -> Stage {
        Self::with(Journal::memory(), open_genesis(), flags).await
    }

    /// Over a journal, on the chain that `genesis` makes; ready when it returns.
    pub async fn with(journal: Journal, genesis: Genesis, flags: &[&str]) -> Stage {
        let stage = Self::start(journal, genesis, true, flags).await;
        stage.ready().await;
        stage
    }

    pub async fn start(journal: Journal, genesis: Genesis, give: bool, flags: &[&str]) -> Stage {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("genesis.json");
        std::fs::write(&path, to_json(&genesis)).unwrap();
        let mut given = vec!["--journal", "memory:"];
        if give {
            given.extend(["--genesis", path.to_str().unwrap()]);
        }
        let run = |config, service| ingest::run(config, journal.clone(), service);
        let running = Running::start("ingest", &[&given[..], flags].concat(), run).await;
        Stage {
            client: Client::new(running.channel()),
            journal,
            rules: Rules {
                chain_id: genesis.chain_id(),
                genesis,
            },
            running,
            _files: files,
        }
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }

    pub async fn ended(self) -> anyhow::Result<()> {
        self.running.ended().await
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

    /// A signed transaction of a key.
    pub fn signed(&self, seed: u8, nonce: u64) -> Transaction {
        let sender = secret(seed);
        let transfer = testing::transfer(&sender.account(), &name("bob"), 1, nonce);
        transfer.sign(&self.rules.chain_id, &sender)
    }

    /// All records of a partition of `transactions`.
    pub fn log(&self, partition: u32) -> Vec<journal::Record> {
        self.journal.records(topics::TRANSACTIONS, partition, 0)
    }
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
