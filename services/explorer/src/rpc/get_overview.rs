//! `GetOverview`.

use proto::explorer::v1::GetOverviewResponse;
use proto::reason;
use tonic::{Code, Status};

use crate::State;

pub fn handle(state: &State) -> Result<GetOverviewResponse, Status> {
    let overview = state.overview.borrow().now();
    if overview.as_of_age_ms.is_none() {
        let unheard = "the ledger has not answered yet; see /ready on the admin port";
        return Err(kit::Refusal::new(
            reason::DOMAIN,
            Code::Unavailable,
            reason::CATCHING_UP,
            unheard,
        )
        .into());
    }
    Ok(GetOverviewResponse {
        overview: Some(overview),
    })
}
