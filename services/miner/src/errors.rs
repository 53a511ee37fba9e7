//! Failures as clients see them: codes, reasons, texts.

use proto::reason::{DOMAIN, SHUTTING_DOWN};
use tonic::{Code, Status};

/// The miner is shutting down.
pub(crate) fn shutting_down() -> Status {
    let text = "the miner is shutting down; watch it again when it is back";
    kit::Refusal::new(DOMAIN, Code::Unavailable, SHUTTING_DOWN, text).into()
}
