//! GetAccount: an account at any height.

use proto::ledger::v1::{GetAccountRequest, GetAccountResponse};
use proto::wire;

use super::{ask, encode};
use crate::index::View;
use crate::problem::Problem;

pub fn handle(view: &View, request: GetAccountRequest) -> Result<GetAccountResponse, Problem> {
    let account = wire::account("account", &request.account)?;
    let height = ask::height(view, "at_height", request.at_height)?;
    let state = ask::account(view, &account, height)?;
    Ok(GetAccountResponse {
        account: Some(encode::account(&account, &state)),
        tip: encode::tip(view),
    })
}
