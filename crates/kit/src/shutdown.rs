//! The shutdown token, shared by everything in a process or in one service of it.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Default time limit of the shutdown. Kubernetes kills after 30 s.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(20);

/// Longest grace: with the flush of telemetry after it, it must fit into those 30 s.
pub const MAX_GRACE: Duration = Duration::from_secs(25);

/// Cheap to clone; readable from threads and from async code.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// An independent token, not yet triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is triggered with this one, and can be triggered alone.
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
        }
    }

    /// Triggers this token and its children.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Returns once the token has been triggered; at once if it already has.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// True if the token has been triggered. For threads.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits at most this long for the token; true if it has been triggered. For threads.
    pub fn wait(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cancelled = pin!(self.token.cancelled());
        loop {
            let polled = cancelled.as_mut().poll(&mut Context::from_waker(&waker));
            let left = deadline.saturating_duration_since(Instant::now());
            if polled.is_ready() || left.is_zero() {
                return polled.is_ready();
            }
            thread::park_timeout(left);
        }
    }

    /// The future of [`Shutdown::cancelled`] without a borrow.
    pub fn cancelled_owned(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.token.clone().cancelled_owned()
    }
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_waits_no_longer_than_to_the_trigger() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.wait(Duration::ZERO));
        assert!(!shutdown.wait(Duration::from_millis(20)));
        let waiting = shutdown.child();
        let thread = thread::spawn(move || waiting.wait(Duration::from_secs(600)));
        thread::sleep(Duration::from_millis(20));
        shutdown.trigger();
        assert!(thread.join().expect("it waits"));
        assert!(shutdown.wait(Duration::ZERO));
    }
}
