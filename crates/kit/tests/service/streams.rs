//! Streams that produce each reply when the transport polls for it.

use std::time::Duration;

use kit::Shutdown;
use kit::server::stream::{Replies, Source, is_lagging, replies};
use tokio_stream::StreamExt as _;
use tonic::Status;

/// Counts to a number, then waits for ever.
struct Counter {
    next: u32,
    last: u32,
    interruptible: bool,
}

impl Source for Counter {
    type Reply = u32;
    type Error = Status;

    async fn next(&mut self, _: Duration) -> Result<Option<u32>, Status> {
        if self.next > self.last {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(self.next - 1))
    }

    fn shutting_down(&self) -> Option<Status> {
        let resume = || Status::unavailable(self.next.to_string());
        self.interruptible.then(resume)
    }
}

fn count(interruptible: bool, shutdown: &Shutdown) -> Replies<u32> {
    let counter = Counter {
        next: 1,
        last: 3,
        interruptible,
    };
    replies(counter, shutdown.clone())
}

#[tokio::test]
async fn a_stream_ends_with_its_source_or_with_the_service() {
    let shutdown = Shutdown::new();
    let all = count(true, &shutdown)
        .map(Result::unwrap)
        .collect::<Vec<_>>()
        .await;
    assert_eq!(all, [1, 2, 3]);
    let mut cut = count(true, &shutdown);
    assert_eq!(cut.next().await.unwrap().unwrap(), 1);
    shutdown.trigger();
    let status = cut.next().await.unwrap().unwrap_err();
    assert_eq!(status.message(), "2", "where to resume");
    assert!(cut.next().await.is_none());
    let all = count(false, &shutdown)
        .map(Result::unwrap)
        .collect::<Vec<_>>()
        .await;
    assert_eq!(all, [1, 2, 3], "it ends by itself");
}

#[test]
fn slow_readers_are_those_that_stall_or_fall_behind_once_live() {
    let short = Duration::from_millis(100);
    assert!(
        !is_lagging(1_000_000, false, short),
        "a replay takes its time"
    );
    assert!(!is_lagging(256, true, short));
    assert!(is_lagging(257, true, short));
    assert!(!is_lagging(8, true, Duration::from_secs(600)));
    assert!(is_lagging(9, false, Duration::from_secs(11)));
}
