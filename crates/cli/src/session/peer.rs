//! The service at an address. A service of another kind only reports an unknown call: this module finds out which service it
//! is, and names the flag that set the address.

use std::sync::Arc;
use std::task::{Context, Poll};

use kit::client::Channel;
use proto::explorer::v1::GetOverviewRequest;
use proto::explorer::v1::explorer_service_client::ExplorerServiceClient;
use proto::ingest::v1::GetSubmissionInfoRequest;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ledger::v1::GetLedgerInfoRequest;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::miner::v1::GetMinerStatusRequest;
use proto::miner::v1::miner_service_client::MinerServiceClient;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::{Code, Status};

/// Kinds of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ledger,
    Ingest,
    Miner,
    Explorer,
}

impl Kind {
    /// Name with its article.
    fn name(self) -> &'static str {
        match self {
            Self::Ledger => "a ledger",
            Self::Ingest => "an ingest",
            Self::Miner => "a miner",
            Self::Explorer => "an explorer",
        }
    }
}

/// A connection to a service of some kind.
#[derive(Clone, Debug)]
pub struct Peer {
    url: Arc<str>,
    kind: Kind,
    /// The flag that sets the address.
    flag: &'static str,
    channel: Channel,
}

type Answer = <Channel as Service<http::Request<Body>>>::Response;

impl Peer {
    /// Creates a connection, which is opened at the first call.
    pub fn new(url: &str, kind: Kind, flag: &'static str, channel: Channel) -> Self {
        Self {
            url: url.into(),
            kind,
            flag,
            channel,
        }
    }

    /// Passes on a reply if it can come from the expected service.
    async fn expected(self, answer: Answer) -> Result<Answer, Status> {
        let headers = answer.headers();
        let is_grpc = headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
        // A proxy may report an unreachable service in another way.
        if !is_grpc && !answer.status().is_server_error() {
            let (url, wanted) = (&self.url, self.kind.name());
            return Err(Status::unimplemented(format!(
                "{url} is not a gRPC service: is it a port of web pages or an admin port? Name the address of {wanted} with {}",
                self.flag
            )));
        }
        let unknown = headers
            .get(Status::GRPC_STATUS)
            .is_some_and(|code| code == "12")
            && !headers.contains_key("grpc-status-details-bin");
        if unknown {
            return Err(self.other().await);
        }
        Ok(answer)
    }

    async fn other(self) -> Status {
        let found = match kind_of(self.channel).await {
            // It has the service but not the call.
            Some(kind) if kind == self.kind => "of another version".to_owned(),
            Some(kind) => kind.name().to_owned(),
            None => "not a service of Blocklog".to_owned(),
        };
        let (url, wanted) = (&self.url, self.kind.name());
        Status::unimplemented(format!(
            "{url} is {found}, where {wanted} was expected; name its address with {}",
            self.flag
        ))
    }
}

/// Finds the kind of the service, by calls that only one kind has.
async fn kind_of(channel: Channel) -> Option<Kind> {
    let knows = |status: Option<Status>| {
        status
            .is_none_or(|status| !matches!(status.code(), Code::Unimplemented | Code::Unavailable))
    };
    let mut ledger = LedgerServiceClient::new(channel.clone());
    if knows(ledger.get_ledger_info(GetLedgerInfoRequest {}).await.err()) {
        return Some(Kind::Ledger);
    }
    let mut ingest = IngestServiceClient::new(channel.clone());
    let asked = ingest.get_submission_info(GetSubmissionInfoRequest {});
    if knows(asked.await.err()) {
        return Some(Kind::Ingest);
    }
    let mut miner = MinerServiceClient::new(channel.clone());
    if knows(miner.get_miner_status(GetMinerStatusRequest {}).await.err()) {
        return Some(Kind::Miner);
    }
    let mut explorer = ExplorerServiceClient::new(channel);
    let asked = explorer.get_overview(GetOverviewRequest {});
    knows(asked.await.err()).then_some(Kind::Explorer)
}

impl Service<http::Request<Body>> for Peer {
    type Response = Answer;
    type Error = Status;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Service::<http::Request<Body>>::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (peer, answer) = (self.clone(), self.channel.call(request));
        Box::pin(async move { peer.expected(answer.await?).await })
    }
}
