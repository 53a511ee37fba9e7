//! The gRPC side: `blocklog.ledger.v1.LedgerService` and `ProofService`. One RPC per file: decode → handle → encode.

use kit::{Limits, Readiness, Server, Service, Shutdown};
use proto::ledger::v1 as wire;
use proto::ledger::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::ledger::v1::proof_service_server::{ProofService, ProofServiceServer};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::store::Reader;

mod call;
mod encode;
mod error;
mod get_block;
mod get_ledger_info;
mod outbox;

use error::Error;
use outbox::Stream;

/// Largest request, in bytes: hashes, accounts, page tokens.
const REQUEST_BYTES: usize = 16 * 1024;

/// What the RPCs answer from.
#[derive(Clone)]
struct Api {
    reader: Reader,
    readiness: Readiness,
    #[expect(dead_code, reason = "the streams come with their RPCs")]
    shutdown: Shutdown,
}

/// Serves on the gRPC socket of `service`.
pub(crate) fn serve(service: &mut Service, reader: Reader) -> anyhow::Result<()> {
    let api = Api {
        reader,
        readiness: service.readiness.clone(),
        shutdown: service.shutdown.clone(),
    };
    let ledger = LedgerServiceServer::new(api.clone()).max_decoding_message_size(REQUEST_BYTES);
    let proofs = ProofServiceServer::new(api).max_decoding_message_size(REQUEST_BYTES);
    kit::server::serve(
        service,
        Server {
            routes: Routes::new(ledger).add_service(proofs),
            services: vec![
                "blocklog.ledger.v1.LedgerService",
                "blocklog.ledger.v1.ProofService",
            ],
            descriptors: proto::DESCRIPTORS,
            limits: Limits::default(),
            domain: proto::reason::DOMAIN,
            trace_header: proto::metadata::TRACE_ID,
        },
    )
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl LedgerService for Api {
    type StreamBlocksStream = Stream<wire::StreamBlocksResponse>;
    type WatchTransactionStream = Stream<wire::WatchTransactionResponse>;
    type StreamAccountEntriesStream = Stream<wire::StreamAccountEntriesResponse>;

    async fn get_ledger_info(
        &self,
        request: Request<wire::GetLedgerInfoRequest>,
    ) -> Answer<wire::GetLedgerInfoResponse> {
        Ok(get_ledger_info::handle(self, request).await?)
    }

    async fn get_genesis(
        &self,
        _: Request<wire::GetGenesisRequest>,
    ) -> Answer<wire::GetGenesisResponse> {
        Err(Error::NotImplemented("GetGenesis").into())
    }

    async fn list_audit_findings(
        &self,
        _: Request<wire::ListAuditFindingsRequest>,
    ) -> Answer<wire::ListAuditFindingsResponse> {
        Err(Error::NotImplemented("ListAuditFindings").into())
    }

    async fn get_block(
        &self,
        request: Request<wire::GetBlockRequest>,
    ) -> Answer<wire::GetBlockResponse> {
        Ok(get_block::handle(self, request).await?)
    }

    async fn list_blocks(
        &self,
        _: Request<wire::ListBlocksRequest>,
    ) -> Answer<wire::ListBlocksResponse> {
        Err(Error::NotImplemented("ListBlocks").into())
    }

    async fn stream_blocks(
        &self,
        _: Request<wire::StreamBlocksRequest>,
    ) -> Answer<Self::StreamBlocksStream> {
        Err(Error::NotImplemented("StreamBlocks").into())
    }

    async fn get_transaction(
        &self,
        _: Request<wire::GetTransactionRequest>,
    ) -> Answer<wire::GetTransactionResponse> {
        Err(Error::NotImplemented("GetTransaction").into())
    }

    async fn watch_transaction(
        &self,
        _: Request<wire::WatchTransactionRequest>,
    ) -> Answer<Self::WatchTransactionStream> {
        Err(Error::NotImplemented("WatchTransaction").into())
    }

    async fn get_record(
        &self,
        _: Request<wire::GetRecordRequest>,
    ) -> Answer<wire::GetRecordResponse> {
        Err(Error::NotImplemented("GetRecord").into())
    }

    async fn list_records(
        &self,
        _: Request<wire::ListRecordsRequest>,
    ) -> Answer<wire::ListRecordsResponse> {
        Err(Error::NotImplemented("ListRecords").into())
    }

    async fn list_pending(
        &self,
        _: Request<wire::ListPendingRequest>,
    ) -> Answer<wire::ListPendingResponse> {
        Err(Error::NotImplemented("ListPending").into())
    }

    async fn list_candidates(
        &self,
        _: Request<wire::ListCandidatesRequest>,
    ) -> Answer<wire::ListCandidatesResponse> {
        Err(Error::NotImplemented("ListCandidates").into())
    }

    async fn get_account(
        &self,
        _: Request<wire::GetAccountRequest>,
    ) -> Answer<wire::GetAccountResponse> {
        Err(Error::NotImplemented("GetAccount").into())
    }

    async fn list_account_entries(
        &self,
        _: Request<wire::ListAccountEntriesRequest>,
    ) -> Answer<wire::ListAccountEntriesResponse> {
        Err(Error::NotImplemented("ListAccountEntries").into())
    }

    async fn stream_account_entries(
        &self,
        _: Request<wire::StreamAccountEntriesRequest>,
    ) -> Answer<Self::StreamAccountEntriesStream> {
        Err(Error::NotImplemented("StreamAccountEntries").into())
    }

    async fn list_miners(
        &self,
        _: Request<wire::ListMinersRequest>,
    ) -> Answer<wire::ListMinersResponse> {
        Err(Error::NotImplemented("ListMiners").into())
    }

    async fn find_by_prefix(
        &self,
        _: Request<wire::FindByPrefixRequest>,
    ) -> Answer<wire::FindByPrefixResponse> {
        Err(Error::NotImplemented("FindByPrefix").into())
    }

    async fn get_series(
        &self,
        _: Request<wire::GetSeriesRequest>,
    ) -> Answer<wire::GetSeriesResponse> {
        Err(Error::NotImplemented("GetSeries").into())
    }
}

#[tonic::async_trait]
impl ProofService for Api {
    async fn get_inclusion_proof(
        &self,
        _: Request<wire::GetInclusionProofRequest>,
    ) -> Answer<wire::GetInclusionProofResponse> {
        Err(Error::NotImplemented("GetInclusionProof").into())
    }

    async fn get_consistency_proof(
        &self,
        _: Request<wire::GetConsistencyProofRequest>,
    ) -> Answer<wire::GetConsistencyProofResponse> {
        Err(Error::NotImplemented("GetConsistencyProof").into())
    }

    async fn get_checkpoint(
        &self,
        _: Request<wire::GetCheckpointRequest>,
    ) -> Answer<wire::GetCheckpointResponse> {
        Err(Error::NotImplemented("GetCheckpoint").into())
    }
}
