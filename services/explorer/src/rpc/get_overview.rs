//! `GetOverview`.

use proto::explorer::v1::GetOverviewResponse;
use tonic::Status;

use crate::State;
use crate::errors::Problem;

pub fn handle(state: &State) -> Result<GetOverviewResponse, Status> {
    let overview = state.overview.borrow().now();
    if overview.as_of_age_ms.is_none() {
        return Err(Problem::NotHeard.into());
    }
    Ok(GetOverviewResponse {
        overview: Some(overview),
    })
}
