//! Limits on the number of calls in progress.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use super::methods::Method;

/// Counts calls over all connections.
#[derive(Debug)]
pub(super) struct Admission {
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// The limit of calls of this kind is reached.
#[derive(Debug)]
pub(super) struct Overloaded {
    pub calls: &'static str,
}

/// A call in progress; its drop admits another.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub fn new(limits: &Limits) -> Self {
        let semaphore = |calls: usize| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)));
        Self {
            unary: semaphore(limits.unary_in_flight),
            streams: semaphore(limits.streams),
        }
    }

    /// Never waits: a queue would only hide the load from the client.
    pub fn admit(&self, method: &Method) -> Result<Permit, Overloaded> {
        if method.essential {
            return Ok(Permit { _permit: None });
        }
        let (semaphore, calls) = if method.streaming {
            (&self.streams, "streams")
        } else {
            (&self.unary, "calls")
        };
        match Arc::clone(semaphore).try_acquire_owned() {
            Ok(permit) => Ok(Permit {
                _permit: Some(permit),
            }),
            Err(_) => Err(Overloaded { calls }),
        }
    }
}
