//! Common to all calls: the height that they require, and the height of their answer.

use std::time::Duration;

use kit::server::Deadline;
use proto::metadata::MIN_HEIGHT;
use proto::reason::NO_CHAIN;
use proto::wire;
use tonic::Request;
use tonic::metadata::MetadataMap;

use super::Api;
use crate::index::View;
use crate::problem::{NotYet, Problem};

/// Longest wait for a required height.
const PATIENCE: Duration = Duration::from_secs(5);

/// Part of the caller's deadline kept for the reply: CATCHING_UP says more than an expired deadline.
const WAY_BACK: Duration = Duration::from_millis(100);

impl Api {
    /// The view that answers a call: the current one, or the first one that is as high as the call requires.
    pub(super) async fn view<T>(&self, request: &Request<T>) -> Result<View, Problem> {
        let wanted = min_height(request.metadata())?;
        let view = match wanted {
            None => self.reader.view(),
            Some(height) => {
                let wait = patience(request.extensions().get());
                self.reader.view_at(height, wait).await
            }
        };
        let view = view.ok_or_else(|| self.nothing_yet())?;
        let tip = view.tip().height();
        match wanted {
            Some(wanted) if tip < wanted => Err(NotYet::BelowHeight { wanted, tip }.into()),
            _ => Ok(view),
        }
    }

    /// The reason why there is no view.
    fn nothing_yet(&self) -> Problem {
        let reasons = self.readiness.reasons();
        match reasons.iter().any(|it| it.reason == NO_CHAIN) {
            true => NotYet::NoChain.into(),
            false => NotYet::CatchingUp.into(),
        }
    }
}

fn min_height(metadata: &MetadataMap) -> Result<Option<u64>, Problem> {
    let Some(value) = metadata.get(MIN_HEIGHT) else {
        return Ok(None);
    };
    let height = value.to_str().ok().and_then(|text| text.parse().ok());
    let bad = || wire::Error::bad(MIN_HEIGHT, "is not a height: decimal digits, below 2^64");
    Ok(Some(height.ok_or_else(bad)?))
}

fn patience(deadline: Option<&Deadline>) -> Duration {
    let Some(deadline) = deadline else {
        return PATIENCE;
    };
    let remaining = deadline.remaining();
    // A caller in a hurry keeps most of its time.
    (remaining - WAY_BACK.min(remaining / 4)).min(PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_decimal() {
        let read = |text: &'static str| {
            let mut metadata = MetadataMap::new();
            metadata.insert(MIN_HEIGHT, text.parse().unwrap());
            min_height(&metadata).ok().flatten()
        };
        assert_eq!(read("7"), Some(7));
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        assert_eq!(read("18446744073709551616"), None);
        assert_eq!(read("-1"), None);
        assert_eq!(read("0x10"), None);
        assert!(matches!(min_height(&MetadataMap::new()), Ok(None)));
    }

    #[test]
    fn the_answer_leaves_before_the_deadline() {
        let now = tokio::time::Instant::now();
        let within = |ms| {
            let at = now + Duration::from_millis(ms);
            patience(Some(&Deadline { at }))
        };
        assert_eq!(patience(None), PATIENCE);
        assert_eq!(within(60_000), PATIENCE);
        assert!(within(1000) <= Duration::from_millis(900));
        assert_eq!(within(0), Duration::ZERO);
    }
}
