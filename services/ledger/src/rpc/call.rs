//! What every call does: it takes a view, as recent as the caller asks, and names its tip in the reply.

use std::time::Duration;

use kit::server::Deadline;
use proto::metadata::{HEIGHT, MIN_HEIGHT};
use proto::wire;
use tonic::{Request, Response};

use super::Api;
use super::error::Error;
use crate::store::View;

/// Longest wait for `x-blocklog-min-height`.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Kept back from the deadline for the answer itself.
const ANSWER_TIME: Duration = Duration::from_millis(20);

impl Api {
    /// The view that a call is answered from.
    pub(super) async fn view<T>(&self, request: &Request<T>) -> Result<View, Error> {
        let wanted = min_height(request)?;
        let view = match wanted {
            None => self.reader.view(),
            Some(height) => self.reader.view_at(height, patience(request)).await,
        };
        let view = view.ok_or_else(|| self.nothing_yet())?;
        match (wanted, view.tip().height) {
            (Some(wanted), tip) if tip < wanted => Err(Error::BelowHeight { wanted, tip }),
            _ => Ok(view),
        }
    }

    /// Why there is no view.
    fn nothing_yet(&self) -> Error {
        let no_chain = self
            .readiness
            .reasons()
            .iter()
            .any(|reason| reason.reason == proto::reason::NO_CHAIN);
        if no_chain {
            Error::NoChain
        } else {
            Error::CatchingUp
        }
    }
}

/// A reply from a view.
pub(super) fn reply<T>(view: &View, message: T) -> Response<T> {
    let mut response = Response::new(message);
    response
        .metadata_mut()
        .insert(HEIGHT, view.tip().height.into());
    response
}

/// Runs what may read a lot of the index where it holds up no other call.
pub(super) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let outcome = tokio::task::spawn_blocking(read).await;
    outcome.unwrap_or_else(|gone| match gone.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The runtime is shutting down.
        Err(_) => Err(Error::CatchingUp),
    })
}

fn min_height<T>(request: &Request<T>) -> Result<Option<u64>, Error> {
    let Some(value) = request.metadata().get(MIN_HEIGHT) else {
        return Ok(None);
    };
    let height = value.to_str().ok().and_then(|text| text.parse().ok());
    height
        .map(Some)
        .ok_or_else(|| wire::Error::bad(MIN_HEIGHT, "is not a height in decimal").into())
}

fn patience<T>(request: &Request<T>) -> Duration {
    let left = request
        .extensions()
        .get::<Deadline>()
        .map(Deadline::remaining);
    left.map_or(LONGEST_WAIT, |left| {
        left.saturating_sub(ANSWER_TIME).min(LONGEST_WAIT)
    })
}
