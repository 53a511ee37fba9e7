//! How many calls may be in progress at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;

use super::Limits;
use super::methods::Method;
use crate::Refusal;

/// When a refused client should try again. Calls take milliseconds; a herd that returns at once helps nobody.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Counts calls over all connections.
#[derive(Debug)]
pub(super) struct Admission {
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    domain: &'static str,
}

/// A call in progress; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub fn new(limits: &Limits, domain: &'static str) -> Self {
        let semaphore = |calls: usize| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)));
        Self {
            unary: semaphore(limits.unary_in_flight),
            streams: semaphore(limits.streams),
            domain,
        }
    }

    /// Never waits: a queue would only hide the load from the client.
    pub fn admit(&self, method: &Method) -> Result<Permit, Refusal> {
        if method.essential {
            return Ok(Permit { _permit: None });
        }
        let (semaphore, what) = match method.streaming {
            true => (&self.streams, "streams"),
            false => (&self.unary, "calls"),
        };
        match Arc::clone(semaphore).try_acquire_owned() {
            Ok(permit) => Ok(Permit {
                _permit: Some(permit),
            }),
            Err(_) => Err(Refusal::new(
                self.domain,
                Code::ResourceExhausted,
                "OVERLOADED",
                format!("too many {what} in progress; try again in a moment"),
            )
            .retry_after(RETRY_AFTER)),
        }
    }
}
