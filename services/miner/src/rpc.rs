//! The gRPC side: `blocklog.miner.v1.MinerService`.

mod encode;
mod get_miner_status;
mod watch_miner;

use kit::server::stream::{Replies, replies};
use kit::{Limits, Server, Service, Shutdown};
use proto::miner::v1 as wire;
use proto::miner::v1::miner_service_server::{MinerService, MinerServiceServer, SERVICE_NAME};
use tokio::sync::watch;
use tonic::service::Routes;
use tonic::{Request, Response};

use crate::core::Status;

/// Largest request, in bytes: both are empty messages.
const REQUEST_BYTES: usize = 4 * 1024;

/// The source of all answers.
struct Api {
    status: watch::Receiver<Status>,
    shutdown: Shutdown,
}

/// Serves on the gRPC socket of `service`.
pub(crate) fn serve(service: &mut Service, status: watch::Receiver<Status>) -> anyhow::Result<()> {
    let api = Api {
        status,
        shutdown: service.shutdown.clone(),
    };
    let server = MinerServiceServer::new(api).max_decoding_message_size(REQUEST_BYTES);
    kit::server::serve(
        service,
        Server {
            routes: Routes::new(server),
            services: vec![SERVICE_NAME],
            descriptors: proto::DESCRIPTORS,
            limits: Limits::default(),
            domain: proto::reason::DOMAIN,
            trace_header: proto::metadata::TRACE_ID,
        },
    )
}

#[tonic::async_trait]
impl MinerService for Api {
    type WatchMinerStream = Replies<wire::WatchMinerResponse>;

    async fn get_miner_status(
        &self,
        _request: Request<wire::GetMinerStatusRequest>,
    ) -> Result<Response<wire::GetMinerStatusResponse>, tonic::Status> {
        Ok(get_miner_status::handle(&self.status))
    }

    async fn watch_miner(
        &self,
        _request: Request<wire::WatchMinerRequest>,
    ) -> Result<Response<Self::WatchMinerStream>, tonic::Status> {
        let statuses = watch_miner::handle(self.status.clone());
        Ok(Response::new(replies(statuses, self.shutdown.clone())))
    }
}
