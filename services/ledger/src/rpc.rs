//! The gRPC side: `blocklog.ledger.v1.LedgerService` and `ProofService`. One RPC per file: decode → handle → encode.
//!
//! A handler turns a request and a view into a reply and knows nothing of gRPC. This file chooses the view and
//! the thread, and puts the height into the metadata of the answer.

use std::sync::Arc;

use kit::server::stream::{Replies, Source, replies};
use kit::{Limits, Readiness, Server, Service, Shutdown};
use proto::ledger::v1 as wire;
use proto::ledger::v1::ledger_service_server::{self, LedgerService, LedgerServiceServer};
use proto::ledger::v1::proof_service_server::{self, ProofService, ProofServiceServer};
use proto::metadata::HEIGHT;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::checkpoint::LogKey;
use crate::index::{Reader, View};
use crate::problem::{Failed, Problem};

mod ask;
mod call;
mod encode;
mod entries;
mod find_by_prefix;
mod get_account;
mod get_block;
mod get_checkpoint;
mod get_consistency_proof;
mod get_genesis;
mod get_inclusion_proof;
mod get_ledger_info;
mod get_record;
mod get_series;
mod get_transaction;
mod list_account_entries;
mod list_audit_findings;
mod list_blocks;
mod list_candidates;
mod list_miners;
mod list_pending;
mod list_records;
mod live;
mod page;
mod records;
mod stream_account_entries;
mod stream_blocks;
mod watch_transaction;

/// Largest request, in bytes: hashes, accounts, page tokens.
const REQUEST_BYTES: usize = 16 * 1024;

/// The sources of all answers.
#[derive(Clone)]
struct Api {
    reader: Reader,
    readiness: Readiness,
    shutdown: Shutdown,
    log_key: Option<Arc<LogKey>>,
}

/// Serves on the gRPC socket of `service`.
pub(crate) fn serve(
    service: &mut Service,
    reader: Reader,
    log_key: Option<LogKey>,
) -> anyhow::Result<()> {
    let api = Api {
        reader,
        readiness: service.readiness.clone(),
        shutdown: service.shutdown.clone(),
        log_key: log_key.map(Arc::new),
    };
    let ledger = LedgerServiceServer::new(api.clone()).max_decoding_message_size(REQUEST_BYTES);
    let proofs = ProofServiceServer::new(api).max_decoding_message_size(REQUEST_BYTES);
    kit::server::serve(
        service,
        Server {
            routes: Routes::new(ledger).add_service(proofs),
            services: vec![
                ledger_service_server::SERVICE_NAME,
                proof_service_server::SERVICE_NAME,
            ],
            descriptors: proto::DESCRIPTORS,
            limits: Limits::default(),
            domain: proto::reason::DOMAIN,
            trace_header: proto::metadata::TRACE_ID,
        },
    )
}

type Answer<T> = Result<Response<T>, Status>;

impl Api {
    /// Answers on the async thread: for a few reads of the index.
    async fn inline<Q, A>(
        &self,
        request: Request<Q>,
        handle: impl FnOnce(&View, Q) -> Result<A, Problem>,
    ) -> Answer<A> {
        let view = self.view(&request).await?;
        answer(&view, handle(&view, request.into_inner()))
    }

    /// Answers on a blocking thread: for many reads.
    async fn blocking<Q, A>(
        &self,
        request: Request<Q>,
        handle: impl FnOnce(&View, Q) -> Result<A, Problem> + Send + 'static,
    ) -> Answer<A>
    where
        Q: Send + 'static,
        A: Send + 'static,
    {
        let view = self.view(&request).await?;
        let (seen, asked) = (view.clone(), request.into_inner());
        let outcome = live::blocking(move || handle(&seen, asked)).await;
        answer(&view, outcome)
    }

    /// Answers with a stream.
    async fn stream<Q, S: Source<Error = Problem>>(
        &self,
        request: Request<Q>,
        start: impl FnOnce(&View, Reader, Q) -> Result<S, Problem>,
    ) -> Answer<Replies<S::Reply>> {
        let view = self.view(&request).await?;
        let source = start(&view, self.reader.clone(), request.into_inner());
        let stream = source.map(|source| replies(source, self.shutdown.clone()));
        answer(&view, stream)
    }
}

/// A reply or an error, with the height of its view.
fn answer<T>(view: &View, outcome: Result<T, Problem>) -> Answer<T> {
    let height = view.tip().height();
    match outcome {
        Ok(reply) => {
            let mut response = Response::new(reply);
            response.metadata_mut().insert(HEIGHT, height.into());
            Ok(response)
        }
        Err(problem) => {
            if let Problem::Failed(Failed::Index(error)) = &problem {
                view.failed(error);
            }
            let mut status = Status::from(problem);
            status.metadata_mut().insert(HEIGHT, height.into());
            Err(status)
        }
    }
}

#[tonic::async_trait]
impl LedgerService for Api {
    type StreamBlocksStream = Replies<wire::StreamBlocksResponse>;
    type WatchTransactionStream = Replies<wire::WatchTransactionResponse>;
    type StreamAccountEntriesStream = Replies<wire::StreamAccountEntriesResponse>;

    async fn get_ledger_info(
        &self,
        request: Request<wire::GetLedgerInfoRequest>,
    ) -> Answer<wire::GetLedgerInfoResponse> {
        self.inline(request, get_ledger_info::handle).await
    }

    async fn get_genesis(
        &self,
        request: Request<wire::GetGenesisRequest>,
    ) -> Answer<wire::GetGenesisResponse> {
        self.inline(request, get_genesis::handle).await
    }

    async fn list_audit_findings(
        &self,
        request: Request<wire::ListAuditFindingsRequest>,
    ) -> Answer<wire::ListAuditFindingsResponse> {
        self.blocking(request, list_audit_findings::handle).await
    }

    async fn get_block(
        &self,
        request: Request<wire::GetBlockRequest>,
    ) -> Answer<wire::GetBlockResponse> {
        match get_block::is_heavy(request.get_ref()) {
            true => self.blocking(request, get_block::handle).await,
            false => self.inline(request, get_block::handle).await,
        }
    }

    async fn list_blocks(
        &self,
        request: Request<wire::ListBlocksRequest>,
    ) -> Answer<wire::ListBlocksResponse> {
        self.blocking(request, list_blocks::handle).await
    }

    async fn stream_blocks(
        &self,
        request: Request<wire::StreamBlocksRequest>,
    ) -> Answer<Self::StreamBlocksStream> {
        self.stream(request, |view, reader, request| {
            Ok(stream_blocks::handle(view, reader, request))
        })
        .await
    }

    async fn get_transaction(
        &self,
        request: Request<wire::GetTransactionRequest>,
    ) -> Answer<wire::GetTransactionResponse> {
        self.inline(request, get_transaction::handle).await
    }

    async fn watch_transaction(
        &self,
        request: Request<wire::WatchTransactionRequest>,
    ) -> Answer<Self::WatchTransactionStream> {
        self.stream(request, |view, reader, request| {
            watch_transaction::handle(view, reader, &request)
        })
        .await
    }

    async fn get_record(
        &self,
        request: Request<wire::GetRecordRequest>,
    ) -> Answer<wire::GetRecordResponse> {
        self.inline(request, get_record::handle).await
    }

    async fn list_records(
        &self,
        request: Request<wire::ListRecordsRequest>,
    ) -> Answer<wire::ListRecordsResponse> {
        self.blocking(request, list_records::handle).await
    }

    async fn list_pending(
        &self,
        request: Request<wire::ListPendingRequest>,
    ) -> Answer<wire::ListPendingResponse> {
        self.blocking(request, list_pending::handle).await
    }

    async fn list_candidates(
        &self,
        request: Request<wire::ListCandidatesRequest>,
    ) -> Answer<wire::ListCandidatesResponse> {
        self.blocking(request, list_candidates::handle).await
    }

    async fn get_account(
        &self,
        request: Request<wire::GetAccountRequest>,
    ) -> Answer<wire::GetAccountResponse> {
        self.inline(request, get_account::handle).await
    }

    async fn list_account_entries(
        &self,
        request: Request<wire::ListAccountEntriesRequest>,
    ) -> Answer<wire::ListAccountEntriesResponse> {
        self.blocking(request, list_account_entries::handle).await
    }

    async fn stream_account_entries(
        &self,
        request: Request<wire::StreamAccountEntriesRequest>,
    ) -> Answer<Self::StreamAccountEntriesStream> {
        self.stream(request, stream_account_entries::handle).await
    }

    async fn list_miners(
        &self,
        request: Request<wire::ListMinersRequest>,
    ) -> Answer<wire::ListMinersResponse> {
        self.blocking(request, list_miners::handle).await
    }

    async fn find_by_prefix(
        &self,
        request: Request<wire::FindByPrefixRequest>,
    ) -> Answer<wire::FindByPrefixResponse> {
        self.blocking(request, find_by_prefix::handle).await
    }

    async fn get_series(
        &self,
        request: Request<wire::GetSeriesRequest>,
    ) -> Answer<wire::GetSeriesResponse> {
        self.blocking(request, get_series::handle).await
    }
}

#[tonic::async_trait]
impl ProofService for Api {
    async fn get_inclusion_proof(
        &self,
        request: Request<wire::GetInclusionProofRequest>,
    ) -> Answer<wire::GetInclusionProofResponse> {
        self.inline(request, get_inclusion_proof::handle).await
    }

    async fn get_consistency_proof(
        &self,
        request: Request<wire::GetConsistencyProofRequest>,
    ) -> Answer<wire::GetConsistencyProofResponse> {
        self.inline(request, get_consistency_proof::handle).await
    }

    async fn get_checkpoint(
        &self,
        request: Request<wire::GetCheckpointRequest>,
    ) -> Answer<wire::GetCheckpointResponse> {
        let key = self.log_key.as_deref();
        self.inline(request, |view, request| {
            get_checkpoint::handle(view, key, request)
        })
        .await
    }
}
