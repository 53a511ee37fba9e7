//! `blocklog.explorer.v1`, one RPC a file.

mod get_overview;
mod search;
mod stream_overview;

use kit::server::stream::{Replies, replies};
use proto::explorer::v1::explorer_service_server::ExplorerService;
use proto::explorer::v1::{
    GetOverviewRequest, GetOverviewResponse, SearchRequest, SearchResponse, StreamOverviewRequest,
    StreamOverviewResponse,
};
use tonic::{Request, Response, Status};

use crate::State;

#[tonic::async_trait]
impl ExplorerService for State {
    async fn search(
        &self,
        request: Request<SearchRequest>,
    ) -> Result<Response<SearchResponse>, Status> {
        search::handle(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_overview(
        &self,
        _: Request<GetOverviewRequest>,
    ) -> Result<Response<GetOverviewResponse>, Status> {
        get_overview::handle(self).map(Response::new)
    }

    type StreamOverviewStream = Replies<StreamOverviewResponse>;

    async fn stream_overview(
        &self,
        _: Request<StreamOverviewRequest>,
    ) -> Result<Response<Self::StreamOverviewStream>, Status> {
        let overviews = stream_overview::handle(self);
        Ok(Response::new(replies(overviews, self.shutdown.clone())))
    }
}
