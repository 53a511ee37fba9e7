//! Reasons for a miner that is not ready.

use kit::Reason;
use proto::reason;

pub(crate) const CATCHING_UP: Reason = Reason(reason::CATCHING_UP);
pub(crate) const NO_CHAIN: Reason = Reason(reason::NO_CHAIN);
pub(crate) const LOG_UNAVAILABLE: Reason = Reason(reason::LOG_UNAVAILABLE);
pub(crate) const STOPPED: Reason = Reason(reason::STOPPED);
