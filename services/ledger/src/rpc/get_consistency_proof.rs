//! GetConsistencyProof: evidence that the log at one block is a prefix of the log at another.

use proto::ledger::v1::{GetConsistencyProofRequest, GetConsistencyProofResponse};

use super::ask;
use crate::index::View;
use crate::problem::{Invalid, Problem};

pub fn handle(
    view: &View,
    request: GetConsistencyProofRequest,
) -> Result<GetConsistencyProofResponse, Problem> {
    let to = ask::height(view, "to_height", request.to_height)?;
    let from = ask::height(view, "from_height", Some(request.from_height))?;
    if from > to {
        return Err(Invalid::InvertedRange {
            field: "from_height",
        }
        .into());
    }
    let from = ask::block(view, "from_height", from)?.header;
    let to = ask::block(view, "to_height", to)?.header;
    let (first, second) = (from.log_size, to.log_size);
    let path = ask::path(
        |source| chain::log::consistency_path(first, second, source),
        view,
    )?;
    Ok(GetConsistencyProofResponse {
        from_header: hex::encode(from.to_bytes()),
        to_header: hex::encode(to.to_bytes()),
        path: path.iter().map(ToString::to_string).collect(),
    })
}
