//! `blocklog.ingest.v1.IngestService`: one file per RPC.

mod call;
mod check_transaction;
mod get_submission_info;
mod submit_transaction;
mod submit_transactions;

use std::sync::Arc;

use kit::server::stream::Replies;
use kit::{Limits, Server, Service};
use proto::ingest::v1::ingest_service_server::{IngestService, IngestServiceServer, SERVICE_NAME};
use proto::ingest::v1::{
    CheckTransactionRequest, CheckTransactionResponse, GetSubmissionInfoRequest,
    GetSubmissionInfoResponse, SubmitTransactionRequest, SubmitTransactionResponse,
    SubmitTransactionsRequest, SubmitTransactionsResponse,
};
use tonic::{Request, Response, Status, Streaming};

use crate::state::Ingest;

/// Longest message accepted. Records have at most 1024 bytes and the topic takes 64 KiB: a slightly larger one still gets
/// its proper error.
const MAX_MESSAGE_BYTES: usize = 128 << 10;

/// The service as tonic calls it.
struct Api(Arc<Ingest>);

/// Serves as a task of the service.
pub fn serve(service: &mut Service, ingest: Arc<Ingest>) -> anyhow::Result<()> {
    let api = IngestServiceServer::new(Api(ingest)).max_decoding_message_size(MAX_MESSAGE_BYTES);
    kit::server::serve(
        service,
        Server {
            routes: tonic::service::Routes::new(api),
            services: vec![SERVICE_NAME],
            descriptors: proto::DESCRIPTORS,
            limits: Limits {
                // The window bounds submissions in flight, and its refusals carry the ids.
                unary_in_flight: usize::MAX >> 4,
                ..Limits::default()
            },
            domain: proto::reason::DOMAIN,
            trace_header: proto::metadata::TRACE_ID,
        },
    )
}

#[tonic::async_trait]
impl IngestService for Api {
    async fn submit_transaction(
        &self,
        request: Request<SubmitTransactionRequest>,
    ) -> Result<Response<SubmitTransactionResponse>, Status> {
        let reply = submit_transaction::handle(&self.0, request).await?;
        Ok(Response::new(reply))
    }

    type SubmitTransactionsStream = Replies<SubmitTransactionsResponse>;

    async fn submit_transactions(
        &self,
        request: Request<Streaming<SubmitTransactionsRequest>>,
    ) -> Result<Response<Self::SubmitTransactionsStream>, Status> {
        let answers = submit_transactions::handle(Arc::clone(&self.0), request.into_inner())?;
        Ok(Response::new(answers))
    }

    async fn check_transaction(
        &self,
        request: Request<CheckTransactionRequest>,
    ) -> Result<Response<CheckTransactionResponse>, Status> {
        let reply = check_transaction::handle(&self.0, request.into_inner())?;
        Ok(Response::new(reply))
    }

    async fn get_submission_info(
        &self,
        _request: Request<GetSubmissionInfoRequest>,
    ) -> Result<Response<GetSubmissionInfoResponse>, Status> {
        Ok(Response::new(get_submission_info::handle(&self.0)?))
    }
}
