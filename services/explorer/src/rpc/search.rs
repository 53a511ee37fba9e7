//! `Search`.

use proto::explorer::v1::{SearchRequest, SearchResponse};
use proto::reason;
use tonic::{Code, Status};

use crate::State;

/// Longer words mean nothing: an account has 61 characters, a hash 64.
const MAX_QUERY_BYTES: usize = 128;

pub async fn handle(state: &State, request: SearchRequest) -> Result<SearchResponse, Status> {
    if request.query.trim().is_empty() || request.query.len() > MAX_QUERY_BYTES {
        let what = "a height, a hash or id (8 hex digits or more), an account, or partition:offset";
        let missing = kit::Refusal::new(
            reason::DOMAIN,
            Code::InvalidArgument,
            reason::MISSING_FIELD,
            format!("query: {what}"),
        );
        return Err(missing.field("query", what).into());
    }
    let hits = crate::search::search(&state.upstream, &request.query, request.limit).await?;
    Ok(SearchResponse { hits })
}
