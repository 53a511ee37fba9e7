//! `StreamOverview`.

use std::time::Duration;

use kit::server::stream::{HEARTBEAT, Source};
use proto::explorer::v1::{Overview, StreamOverviewResponse};
use tokio::time::timeout;

use crate::State;
use crate::errors::Problem;
use crate::overview::{Seen, Watch};

/// Sends the overview whenever it changes. A reader that falls behind misses some versions, never the newest.
pub struct Overviews {
    watch: Watch,
    last: Option<Overview>,
}

pub fn handle(state: &State) -> Overviews {
    Overviews {
        watch: state.overview.clone(),
        last: None,
    }
}

impl Source for Overviews {
    type Reply = StreamOverviewResponse;
    type Error = Problem;

    async fn next(&mut self, _: Duration) -> Result<Option<StreamOverviewResponse>, Problem> {
        let last = self.last.as_ref();
        let is_new = |seen: &Seen| last.is_none_or(|last| !seen.same(last));
        // The sender lives as long as the service; the shutdown token ends the stream before that.
        let _ = timeout(HEARTBEAT, self.watch.wait_for(is_new)).await;
        let overview = self.watch.borrow_and_update().now();
        self.last = Some(overview.clone());
        Ok(Some(StreamOverviewResponse {
            overview: Some(overview),
        }))
    }

    fn shutting_down(&self) -> Option<Problem> {
        Some(Problem::ShuttingDown)
    }
}
