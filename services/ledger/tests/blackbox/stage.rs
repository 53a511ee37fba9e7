//! A journal, a miner that does what a test says, and a running ledger with clients.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use chain::genesis::Allocation;
use chain::testing::{self, Grower, name, secret};
use chain::{Genesis, Hash, Slot, Template, Transaction, record};
use journal::Journal;
use kit::client::Channel;
use kit::testing::Running;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::proof_service_client::ProofServiceClient;
use proto::ledger::v1::{
    AuditState, Block, GetAccountRequest, GetBlockRequest, GetLedgerInfoRequest,
    GetLedgerInfoResponse, GetRecordRequest, GetTransactionRequest, Record, StreamBlocksRequest,
    StreamBlocksResponse, TransactionStatus,
};
use proto::types::v1::Position;
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Status, Streaming};
use topics::bootstrap;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

pub use kit::testing::{PATIENCE, fact, reason};

pub type Ledger = LedgerServiceClient<Channel>;
pub type Proofs = ProofServiceClient<Channel>;

pub struct Stage {
    grower: Grower,
    pub genesis: Genesis,
    pub journal: Journal,
}

pub struct Node {
    pub ledger: Ledger,
    pub proofs: Proofs,
    running: Running,
    _data: Option<tempfile::TempDir>,
}

/// A transaction on the topic.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: Hash,
    pub partition: u32,
    pub offset: u64,
    pub value: Bytes,
}

impl Sent {
    pub fn position(&self) -> Option<Position> {
        position(self.partition, self.offset)
    }
}

pub fn position(partition: u32, offset: u64) -> Option<Position> {
    Some(Position {
        partition: Some(partition),
        offset: Some(offset),
    })
}

impl Deref for Stage {
    type Target = Grower;

    fn deref(&self) -> &Grower {
        &self.grower
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Grower {
        &mut self.grower
    }
}

impl Deref for Node {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl Stage {
    /// A new chain with two partitions, a key with 1000 and a bank with 77.
    pub fn new() -> Stage {
        let stage = Stage::bare("stage");
        stage.establish();
        stage
    }

    /// The same before there are topics.
    pub fn bare(name_of_chain: &str) -> Stage {
        let allocation = |account, amount| Allocation { account, amount };
        let genesis = Genesis {
            reward: 5,
            allocations: vec![
                allocation(secret(2).account(), 1000),
                allocation(name("bank"), 77),
            ],
            ..testing::genesis(name_of_chain)
        };
        Stage {
            grower: Grower::new(&genesis),
            genesis,
            journal: Journal::memory(),
        }
    }

    pub fn establish(&self) {
        bootstrap::establish(&self.journal, &self.genesis, &|_| {}).expect("a new chain");
    }

    /// A ledger with a folder of its own, once it is ready.
    pub async fn start(&self, flags: &[&str]) -> Node {
        let data = tempfile::tempdir().expect("a folder");
        let mut node = self.start_in(data.path(), flags).await;
        node._data = Some(data);
        node.ready().await;
        node
    }

    pub async fn start_in(&self, data: &Path, flags: &[&str]) -> Node {
        let dir = format!("--data={}", data.display());
        let flags = [&["--journal=memory:", &dir], flags].concat();
        let run = |config, service| ledger::run(config, self.journal.clone(), service);
        let running = Running::start("ledger", &flags, run).await;
        Node {
            ledger: Ledger::new(running.channel()).max_decoding_message_size(32 << 20),
            proofs: Proofs::new(running.channel()),
            running,
            _data: None,
        }
    }

    pub fn send(&mut self, partition: u32, from: &str, to: &str, amount: u64) -> Sent {
        let transaction = self.note(from, to, amount);
        self.publish(partition, &transaction)
    }

    pub fn publish(&self, partition: u32, transaction: &Transaction) -> Sent {
        let value = transaction.encode();
        Sent {
            id: transaction.id(&self.chain_id()).unwrap(),
            partition,
            offset: self.put(partition, value.clone()),
            value,
        }
    }

    pub fn put(&self, partition: u32, value: Bytes) -> u64 {
        let appended = self.journal.put(TRANSACTIONS, partition, value);
        appended.offset.expect("memory tells offsets")
    }

    /// Seals everything that a partition has, as an honest miner would.
    pub fn seal(&mut self, partition: u32) -> u64 {
        self.seal_as(partition, self.slots(partition))
    }

    pub fn seal_as(&mut self, partition: u32, slots: Vec<Slot<record::Record>>) -> u64 {
        self.append(self.template(partition, slots, self.miner.account()))
    }

    pub fn slots(&self, partition: u32) -> Vec<Slot<record::Record>> {
        let from = self.chain.cursor(partition);
        let records = self.journal.records(TRANSACTIONS, partition, from);
        self.grower.slots(records.into_iter().map(|it| it.value))
    }

    /// Does the work and appends; says where. The next block if the rules say so, else a refused candidate.
    pub fn append(&mut self, template: Template) -> u64 {
        self.append_raw(testing::seal(&template, &self.miner))
    }

    pub fn append_raw(&mut self, value: Bytes) -> u64 {
        let place = self
            .journal
            .put(BLOCKCHAIN, BLOCKCHAIN_PARTITION, value.clone());
        // Some are to be refused.
        let _ = self.judge(value, place.append_ms);
        place.offset.expect("memory tells offsets")
    }
}

impl Node {
    /// What the ledger says once it has this height.
    pub async fn at(&self, height: u64) -> GetLedgerInfoResponse {
        let request = min_height(GetLedgerInfoRequest {}, height);
        let reply = self.ledger.clone().get_ledger_info(request).await;
        reply.expect("it gets there").into_inner()
    }

    pub async fn block(&self, request: GetBlockRequest) -> Result<Block, Status> {
        let reply = self.ledger.clone().get_block(request).await?;
        Ok(reply.into_inner().block.expect("a block"))
    }

    pub async fn status(&self, id: impl ToString) -> Result<TransactionStatus, Status> {
        let request = GetTransactionRequest { id: id.to_string() };
        let reply = self.ledger.clone().get_transaction(request).await?;
        Ok(reply.into_inner().status.expect("a status"))
    }

    /// With the raw bytes.
    pub async fn record(&self, position: Option<Position>) -> Result<Record, Status> {
        let request = GetRecordRequest {
            position,
            with_raw: true,
        };
        let reply = self.ledger.clone().get_record(request).await?;
        Ok(reply.into_inner().record.expect("a record"))
    }

    pub async fn account(
        &self,
        account: &str,
        at_height: Option<u64>,
    ) -> Result<proto::ledger::v1::Account, Status> {
        let request = GetAccountRequest {
            account: account.to_owned(),
            at_height,
        };
        let reply = self.ledger.clone().get_account(request).await?;
        Ok(reply.into_inner().account.expect("an account"))
    }

    /// Waits until a partition has this end and the ledger has read records of it.
    pub async fn waiting(&self, partition: usize, end: u64) {
        let read = |info: &GetLedgerInfoResponse| {
            let partition = &info.partitions[partition];
            partition.end_offset >= Some(end) && partition.oldest_pending_time.is_some()
        };
        self.until(read).await;
    }

    /// Waits until the ledger says something.
    pub async fn until(
        &self,
        what: impl Fn(&GetLedgerInfoResponse) -> bool,
    ) -> GetLedgerInfoResponse {
        let reached = timeout(PATIENCE, async {
            loop {
                let info = self.at(0).await;
                if what(&info) {
                    return info;
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
        reached.await.expect("it gets there")
    }

    /// Waits until the audit has compared a height, and gives its state.
    pub async fn audited(&self, height: u64) -> AuditState {
        let checked = |info: &GetLedgerInfoResponse| {
            let audit = info.audit.as_ref();
            audit.and_then(|audit| audit.checked_height) >= Some(height)
        };
        self.until(checked).await.audit.expect("an audit")
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }

    pub async fn ended(self) -> anyhow::Result<()> {
        self.running.ended().await
    }
}

/// With everything that there is to a block.
pub fn whole() -> StreamBlocksRequest {
    StreamBlocksRequest {
        from_height: None,
        with_records: true,
        with_raw: true,
    }
}

/// A reader with a connection of its own, and little room.
pub async fn stream(
    running: &Running,
    request: StreamBlocksRequest,
) -> Streaming<StreamBlocksResponse> {
    let mut ledger = LedgerServiceClient::new(running.narrow_channel());
    ledger.stream_blocks(request).await.unwrap().into_inner()
}

pub fn min_height<T>(message: T, height: u64) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("x-blocklog-min-height", height.into());
    request
}

/// Code, reason and field of an error.
pub fn shape(status: &Status) -> (Code, String, String) {
    (status.code(), reason(status), field(status))
}

/// The path of the field that an error complains of.
pub fn field(status: &Status) -> String {
    let fields = kit::status::fields(status);
    fields.into_iter().map(|(path, _)| path).collect()
}
