//! `Search`.

use proto::explorer::v1::{SearchRequest, SearchResponse};
use tonic::Status;

use crate::State;
use crate::errors::Problem;

/// Bytes of a query. A longer one has no hits: an account has 61 characters, a hash 64.
const MAX_QUERY_BYTES: usize = 128;

pub async fn handle(state: &State, request: SearchRequest) -> Result<SearchResponse, Status> {
    if request.query.trim().is_empty() || request.query.len() > MAX_QUERY_BYTES {
        return Err(Problem::BadQuery.into());
    }
    let hits = crate::search::search(&state.upstream, &request.query, request.limit).await?;
    Ok(SearchResponse { hits })
}
