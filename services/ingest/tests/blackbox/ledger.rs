//! A ledger that helps, one that lies, and one that is away.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use journal::Journal;
use proto::ingest::v1::submit_transaction_request::Content;
use proto::ledger::v1 as wire;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::stage::{Stage, note, open_genesis, reason};

type Accounts = ProstCodec<wire::GetAccountResponse, wire::GetAccountRequest>;
type Infos = ProstCodec<wire::GetLedgerInfoResponse, wire::GetLedgerInfoRequest>;

const HOUR_US: u64 = 3_600_000_000;

/// What it tells.
#[derive(Debug, Default)]
struct Tale {
    cursor: AtomicU64,
    nonce: AtomicU64,
    /// How often it has nothing to tell yet.
    starting: AtomicU64,
}

/// The two calls that ingest makes.
#[derive(Clone, Debug)]
struct Fake(Arc<Tale>);

impl UnaryService<wire::GetLedgerInfoRequest> for Fake {
    type Response = wire::GetLedgerInfoResponse;
    type Future = BoxFuture<Response<Self::Response>, Status>;

    fn call(&mut self, _request: Request<wire::GetLedgerInfoRequest>) -> Self::Future {
        let less = |left: u64| left.checked_sub(1);
        let starting = &self.0.starting;
        if starting
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
        {
            return Box::pin(async { Err(Status::unavailable("it is starting")) });
        }
        let state = |partition| wire::PartitionState {
            partition: Some(partition),
            cursor: Some(self.0.cursor.load(Ordering::SeqCst)),
            ..Default::default()
        };
        let answer = wire::GetLedgerInfoResponse {
            chain_id: open_genesis().chain_id().to_string(),
            partitions: vec![state(0), state(1)],
            ..Default::default()
        };
        Box::pin(async move { Ok(Response::new(answer)) })
    }
}

impl UnaryService<wire::GetAccountRequest> for Fake {
    type Response = wire::GetAccountResponse;
    type Future = BoxFuture<Response<Self::Response>, Status>;

    fn call(&mut self, _request: Request<wire::GetAccountRequest>) -> Self::Future {
        let account = wire::Account {
            nonce: Some(self.0.nonce.load(Ordering::SeqCst)),
            ..Default::default()
        };
        let answer = wire::GetAccountResponse {
            account: Some(account),
            tip: None,
        };
        Box::pin(async move { Ok(Response::new(answer)) })
    }
}

impl NamedService for Fake {
    const NAME: &'static str = "blocklog.ledger.v1.LedgerService";
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            let answer = match request.uri().path().ends_with("GetAccount") {
                true => Grpc::new(Accounts::default()).unary(fake, request).await,
                false => Grpc::new(Infos::default()).unary(fake, request).await,
            };
            Ok(answer)
        })
    }
}

/// A ledger on loopback, for as long as the test runs.
async fn ledger() -> (Arc<Tale>, String) {
    let tale = Arc::<Tale>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().add_service(Fake(Arc::clone(&tale)));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    (tale, url)
}

fn hello() -> Content {
    Content::Transaction(note("alice", "hi"))
}

fn clock_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros() as u64
}

async fn ready_says(stage: &Stage, expected: &str) {
    let says = async {
        while !stage
            .readiness
            .reasons()
            .iter()
            .any(|it| it.reason == expected)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), says)
        .await
        .unwrap_or_else(|_| panic!("/ready never says {expected}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_beyond_the_log_stops_appends_and_an_honest_one_heals() {
    let (tale, url) = ledger().await;
    tale.cursor.store(1 << 63, Ordering::SeqCst);
    let stage = Stage::start(Journal::memory(), open_genesis(), true, &["--ledger", &url]).await;
    ready_says(&stage, "DATA_LOSS").await;
    for _ in 0..10 {
        let status = stage.submit(hello()).await.unwrap_err();
        let told = (status.code(), reason(&status));
        assert_eq!(told, (Code::DataLoss, "DATA_LOSS".to_owned()));
    }
    assert!(stage.log(0).is_empty() && stage.log(1).is_empty());
    tale.cursor.store(0, Ordering::SeqCst);
    let ready = tokio::time::timeout(Duration::from_secs(20), stage.readiness.ready());
    ready.await.expect("the last answer counts");
    stage.submit(hello()).await.unwrap();
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_is_chosen_lies_above_the_account_s() {
    let (tale, url) = ledger().await;
    let last = clock_us() + HOUR_US;
    tale.nonce.store(last, Ordering::SeqCst);
    let stage = Stage::with(Journal::memory(), open_genesis(), &["--ledger", &url]).await;
    for above in 1..=3 {
        let receipt = stage.submit(hello()).await.unwrap();
        let nonce = receipt.transaction.unwrap().nonce;
        assert_eq!(nonce, Some(last + above));
    }
    // Higher than anybody may choose.
    tale.nonce
        .store(clock_us() + 48 * HOUR_US, Ordering::SeqCst);
    let bob = Content::Transaction(note("bob", "hi"));
    let status = stage.submit(bob).await.unwrap_err();
    assert_eq!(reason(&status), "NONCE_TOO_HIGH");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_starting_is_waited_for() {
    let (tale, url) = ledger().await;
    tale.starting.store(2, Ordering::SeqCst);
    let stage = Stage::with(Journal::memory(), open_genesis(), &["--ledger", &url]).await;
    stage.submit(hello()).await.unwrap();
    assert_eq!(tale.starting.load(Ordering::SeqCst), 0);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_ledger_s_word_nobody_chooses_a_nonce_and_numbered_ones_go_on() {
    // The port is taken, and nobody answers on it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stage = Stage::with(Journal::memory(), open_genesis(), &["--ledger", &url]).await;
    let status = stage.submit(hello()).await.unwrap_err();
    let told = (status.code(), reason(&status));
    assert_eq!(told, (Code::Unavailable, "LEDGER_UNAVAILABLE".to_owned()));
    let mut numbered = note("alice", "hi");
    numbered.nonce = Some(5);
    stage.submit(Content::Transaction(numbered)).await.unwrap();
    stage.stop().await;
}
