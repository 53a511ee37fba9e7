//! GetMinerStatus: the current status.

use proto::miner::v1::GetMinerStatusResponse;
use tokio::sync::watch;
use tonic::Response;

use super::encode;
use crate::core::Status;

pub(super) fn handle(status: &watch::Receiver<Status>) -> Response<GetMinerStatusResponse> {
    let status = encode::status(&status.borrow());
    Response::new(GetMinerStatusResponse {
        status: Some(status),
    })
}
