//! A journal, a miner that does what a test says, and a running ledger with clients.

use std::time::Duration;

use bytes::Bytes;
use chain::genesis::Allocation;
use chain::parallel::Sequential;
use chain::record::Signatures;
use chain::{Account, Chain, Draft, Genesis, Hash, Secret, Slot, Template, Transaction, record};
use journal::{Entry, Journal, Options, Url};
use kit::client::Channel;
use kit::{Service, Shutdown};
use ledger::Config;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::proof_service_client::ProofServiceClient;
use proto::ledger::v1::{
    AuditState, Block, GetAccountRequest, GetBlockRequest, GetLedgerInfoRequest,
    GetLedgerInfoResponse, GetRecordRequest, GetTransactionRequest, Record, StreamBlocksRequest,
    StreamBlocksResponse, TransactionStatus,
};
use proto::types::v1::Position;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Status, Streaming};
use topics::bootstrap;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub type Ledger = LedgerServiceClient<Channel>;
pub type Proofs = ProofServiceClient<Channel>;

pub struct Stage {
    pub genesis: Genesis,
    pub chain: Chain,
    pub journal: Journal,
    pub alice: Secret,
    pub miner: Secret,
    nonce: u64,
}

pub struct Running {
    pub ledger: Ledger,
    pub proofs: Proofs,
    pub shutdown: Shutdown,
    pub url: String,
    task: JoinHandle<anyhow::Result<()>>,
    _data: tempfile::TempDir,
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

impl Stage {
    /// A new chain with two partitions, a key with 1000 and a bank with 77.
    pub fn new() -> Stage {
        let (alice, miner) = (Secret::from_seed([2; 32]), Secret::from_seed([1; 32]));
        let allocation = |account, amount| Allocation { account, amount };
        let genesis = Genesis {
            name: "stage".into(),
            open: true,
            bits: 0x207f_ffff,
            partitions: 2,
            reward: 5,
            timestamp_ms: 1_700_000_000_000,
            allocations: vec![
                allocation(alice.account(), 1000),
                allocation("bank".parse().expect("a name"), 77),
            ],
            ..Genesis::default()
        };
        let url = Url::parse("memory:").expect("a journal");
        let journal = Journal::open(&url, &Options::default()).expect("memory opens");
        bootstrap::establish(&journal, &genesis, &|_| {}).expect("a new chain");
        let (chain, _) = Chain::start(&genesis.block_zero(), 0).expect("a genesis");
        Stage {
            genesis,
            chain,
            journal,
            alice,
            miner,
            nonce: 0,
        }
    }

    pub async fn start(&self, flags: &[&str]) -> Running {
        let data = tempfile::tempdir().expect("a folder");
        let dir = format!("--data={}", data.path().display());
        let args = ["blocklog-ledger", "--journal=memory:", &dir];
        let config: Config = kit::config::parse(args.iter().chain(flags)).expect("good flags");
        let service = Service::for_test("ledger").await;
        let (shutdown, readiness) = (service.shutdown.clone(), service.readiness.clone());
        let url = service.grpc_url();
        let channel = kit::client::channel(&url).expect("a URL");
        let task = tokio::spawn(ledger::run(config, self.journal.clone(), service));
        let ready = timeout(PATIENCE, readiness.ready()).await;
        ready.unwrap_or_else(|_| panic!("not ready: {:?}", readiness.reasons()));
        Running {
            ledger: Ledger::new(channel.clone()).max_decoding_message_size(32 << 20),
            proofs: Proofs::new(channel),
            shutdown,
            url,
            task,
            _data: data,
        }
    }

    pub fn chain_id(&self) -> Hash {
        self.chain.rules().chain_id
    }

    /// A transaction of a name, which needs no signature and no funds.
    pub fn note(&mut self, from: &str, to: &str, amount: u64) -> Transaction {
        self.nonce += 1;
        Transaction {
            sender: Bytes::copy_from_slice(from.as_bytes()),
            recipient: Bytes::copy_from_slice(to.as_bytes()),
            amount,
            nonce: self.nonce,
            ..Transaction::default()
        }
    }

    pub fn send(&mut self, partition: u32, from: &str, to: &str, amount: u64) -> Sent {
        let transaction = self.note(from, to, amount);
        self.publish(partition, &transaction)
    }

    /// A payment of the key.
    pub fn payment(&mut self, to: &str, amount: u64) -> Transaction {
        let mut transaction = self.note("bank", to, amount);
        transaction.sender = Bytes::copy_from_slice(self.alice.account().as_bytes());
        transaction.sign(&self.chain_id(), &self.alice)
    }

    pub fn publish(&self, partition: u32, transaction: &Transaction) -> Sent {
        let value = transaction.encode();
        Sent {
            id: transaction.id(&self.chain_id()),
            partition,
            offset: self.put(partition, value.clone()),
            value,
        }
    }

    pub fn put(&self, partition: u32, value: Bytes) -> u64 {
        let entry = Entry {
            partition,
            value,
            ..Entry::default()
        };
        let appended = self.journal.append(TRANSACTIONS, entry, PATIENCE);
        let offset = appended.expect("memory takes it").offset;
        offset.expect("memory tells offsets")
    }

    /// Seals everything that a partition has, as an honest miner would.
    pub fn seal(&mut self, partition: u32) -> u64 {
        let slots = self.slots(partition);
        self.seal_as(partition, slots)
    }

    pub fn seal_as(&mut self, partition: u32, slots: Vec<Slot<record::Record>>) -> u64 {
        let template = self.template(partition, slots, self.miner.account());
        self.append(template)
    }

    pub fn slots(&self, partition: u32) -> Vec<Slot<record::Record>> {
        let from = self.chain.cursor(partition);
        let end = self.journal.offsets(TRANSACTIONS, partition);
        let end = end.expect("memory tells").end;
        let reader = self.journal.reader(TRANSACTIONS, partition, from);
        let mut reader = reader.expect("memory reads");
        let (mut at, mut slots) = (from, Vec::new());
        while at < end {
            let batch = reader.next(1 << 20, PATIENCE).expect("memory reads");
            at = batch.next;
            let checked = batch.records.into_iter();
            slots.extend(
                checked.map(|record| Slot::Record(record::check(record.value, self.chain.rules()))),
            );
        }
        slots
    }

    pub fn template(
        &self,
        partition: u32,
        slots: Vec<Slot<record::Record>>,
        miner: Account,
    ) -> Template {
        let draft = Draft {
            partition,
            slots,
            miner,
            timestamp_ms: self.chain.tip().header.timestamp_ms + 1,
        };
        self.chain.assemble(draft).expect("something to seal")
    }

    /// Does the work and appends; says where. The next block if the rules say so, else a refused candidate.
    pub fn append(&mut self, template: Template) -> u64 {
        let nonce = template.work().search(0, u64::MAX).expect("easy work");
        self.append_raw(template.finish(nonce, Some(&self.miner)))
    }

    pub fn append_raw(&mut self, value: Bytes) -> u64 {
        let entry = Entry {
            partition: BLOCKCHAIN_PARTITION,
            value: value.clone(),
            ..Entry::default()
        };
        let appended = self.journal.append(BLOCKCHAIN, entry, PATIENCE);
        let appended = appended.expect("memory takes it");
        let now = appended.append_ms;
        let checked = self.chain.frame(value).and_then(|block| {
            let block = self.chain.admit(block, now)?;
            block.check(self.chain.rules(), Signatures::Assume, &Sequential)
        });
        if let Ok(block) = checked {
            let _ = self.chain.apply(block, now);
        }
        appended.offset.expect("memory tells offsets")
    }

    pub fn tip(&self) -> u64 {
        self.chain.tip().height()
    }
}

impl Running {
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
    pub async fn until(&self, what: impl Fn(&GetLedgerInfoResponse) -> bool) {
        let reached = timeout(PATIENCE, async {
            while !what(&self.at(0).await) {
                sleep(Duration::from_millis(10)).await;
            }
        });
        reached.await.expect("it gets there");
    }

    /// Waits until the audit has compared a height, and gives its state.
    pub async fn audited(&self, height: u64) -> AuditState {
        let checked = |info: &GetLedgerInfoResponse| {
            let audit = info.audit.as_ref();
            audit.and_then(|audit| audit.checked_height) >= Some(height)
        };
        self.until(checked).await;
        self.at(0).await.audit.expect("an audit")
    }

    pub async fn stop(self) {
        self.shutdown.trigger();
        let ended = timeout(PATIENCE, self.task).await.expect("ends in time");
        ended.expect("no panic").expect("a good end");
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
pub async fn stream(url: &str, request: StreamBlocksRequest) -> Streaming<StreamBlocksResponse> {
    let endpoint = tonic::transport::Endpoint::from_shared(url.to_owned()).unwrap();
    let endpoint = endpoint
        .initial_stream_window_size(16 << 10)
        .initial_connection_window_size(65_535);
    let mut ledger = LedgerServiceClient::new(endpoint.connect_lazy());
    ledger.stream_blocks(request).await.unwrap().into_inner()
}

pub fn min_height<T>(message: T, height: u64) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("x-blocklog-min-height", height.into());
    request
}

/// The reason of an error that must have one.
pub fn reason(status: &Status) -> String {
    kit::status::reason(status).unwrap_or_else(|| panic!("{status:?} has no reason"))
}

/// One fact of an error.
pub fn fact(status: &Status, key: &str) -> Option<String> {
    let info = kit::status::info(status)?;
    let found = info.metadata.into_iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value)
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
